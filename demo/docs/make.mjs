// Makes the pages of documentation that list things, so that they cannot differ from what is built.
// demo/vite.config.ts puts them into the site.

import { readFileSync } from "node:fs";
import { layersPage } from "./layers.mjs";
import { kFused, kNotes, kSections } from "./notes.mjs";
import { operatorsOf } from "./operators.mjs";
import { escapeHtml, page, table, words } from "./page.mjs";

const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

/**
 * The pages, their pictures and their style: file name -> text or bytes.
 * @returns {Promise<Record<string, string | Uint8Array>>}
 */
export async function docPages() {
  const { html, pictures } = await layersPage();
  return {
    "layers.html": html,
    ...pictures,
    "operators.html": operatorsPage(),
    "docs.css": `${read("demo/src/styles/tokens.css")}\n${read("demo/docs/docs.css")}`,
  };
}

function operatorsPage() {
  const operators = operatorsOf(read("cpp/graph/operators.def"));
  checkNames(operators);
  const own = operators.filter(({ domain }) => domain === "");
  const fused = operators.filter(({ domain }) => domain === "heed");
  const sections = [...new Set(own.map(({ section }) => section))];
  const versions = ["kFirstOpset", "kLastOpset"].map(
    (name) => new RegExp(`${name} = (\\d+)`).exec(read("cpp/formats/onnx.h"))[1],
  );
  return page(
    "Operators",
    `<p>heed runs ONNX files of operator sets ${versions.join(" to ")}. These are the ${own.length} operators that it has,
      made from the list that it is compiled from. A file with others does not load: the error names all of them, with their nodes.</p>
    <p><code>Constant</code> and initializers are read as weights; sparse ones, texts, sequences and optionals are not. Quantised
      files are computed in float32.</p>
    <p>Values are float32, int64, int32, int8, uint8 and bool. float16 is read and computed as float32. Shapes may have any
      number of axes up to 8, and an extent of 0, unless a limit is noted.</p>
    ${sections.map((section) => operatorSection(section, own)).join("\n")}
    <section><h2>Fused steps</h2>
      <p>What passes make of the operators above when a network is prepared; <code>model.info.operators</code> counts them. Files cannot name them.</p>
      ${table(
        ["Step", "What it is"],
        fused.map(({ name }) => [name, kFused[name]]),
      )}</section>`,
  );
}

function operatorSection(section, operators) {
  const rows = operators
    .filter((operator) => operator.section === section)
    .sort((a, b) => a.name.localeCompare(b.name))
    .map(({ name, firstOpset, minInputs, maxInputs }) => [
      name,
      `${firstOpset}`,
      maxInputs === 255
        ? `${minInputs} or more`
        : minInputs === maxInputs
          ? `${minInputs}`
          : `${minInputs} to ${maxInputs}`,
      kNotes[name] ?? "",
    ]);
  const intro = kSections[section] === undefined ? "" : `<p>${words(kSections[section])}</p>`;
  return `<section><h2>${escapeHtml(section)}</h2>${intro}
    ${table(["Operator", "Since operator set", "Inputs", "Limits"], rows)}</section>`;
}

/** A note about an operator that does not exist, or a fused step without words, is an error of this folder. */
function checkNames(operators) {
  const names = new Set(operators.map(({ name }) => name));
  const sections = new Set(operators.map(({ section }) => section));
  const wrong = [
    ...Object.keys(kNotes).filter((name) => !names.has(name)),
    ...Object.keys(kSections).filter((section) => !sections.has(section)),
    ...operators
      .filter(({ domain, name }) => domain === "heed" && !(name in kFused))
      .map(({ name }) => name),
  ];
  if (wrong.length > 0) {
    throw new Error(`demo/docs/notes.mjs and operators.def do not agree about ${wrong.join(", ")}`);
  }
}
