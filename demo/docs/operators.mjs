// Reads the one list of operators, cpp/graph/operators.def.

const kLine = /^HEED_OPERATOR\((\w+), "(\w*)", k(\w+), k(\w+), (\d+),\s*(\d+), (\d+),\s*(\w+)\)$/;

/**
 * Every operator of the list; 255 inputs are any number.
 * @param {string} list
 * @returns {{ section: string, name: string, domain: string, family: string,
 *   firstOpset: number, minInputs: number, maxInputs: number }[]}
 */
export function operatorsOf(list) {
  const operators = [];
  let section = "";
  // A declaration may take two lines.
  for (const line of list.replace(/,\n\s+/g, ", ").split("\n")) {
    section = /^\/\/ --- (.*) ---$/.exec(line)?.[1] ?? section;
    const match = kLine.exec(line);
    if (match === null) continue;
    const [name, domain, , , firstOpset, minInputs, maxInputs, family] = match.slice(1);
    operators.push({
      ...{ section, name, domain, family },
      firstOpset: Number(firstOpset),
      minInputs: Number(minInputs),
      maxInputs: Number(maxInputs),
    });
  }
  return operators;
}
