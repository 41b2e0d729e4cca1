// The example of a layer: a module that the page of layers shows, and that tests/layers/examples.test.ts runs as it stands.

/** Imports, inputs with some values, a new layer, and what it gives. */
export function exampleCode({ name, outputs, maps, example }) {
  const { options, inputs } = example;
  const parts = [...options.matchAll(/(\w+)\.of\(/g)].map(([, part]) => part);
  const imports = [...new Set([name, ...parts, "Tensor"])].sort();
  const names = inputs.map((input) => input.name);
  const given = names.length === 1 ? names[0] : `{ ${names.join(", ")} }`;
  const results = outputs.length === 1 ? "output" : "outputs";
  const forward =
    maps.length === 0
      ? `{ ${results} } = layer.forward(${given})`
      : `{ ${results}, maps } = layer.forward(${given}, { attention: true })`;
  return `import { ${imports.join(", ")} } from "heed/layers";

${inputs.map(inputCode).join("\n")}
const layer = await ${name}.create(${options === "{}" ? "" : options});
const ${forward};`;
}

const kValues = {
  float32: (count) => `Float32Array.from(Array(${count}).keys(), Math.sin)`,
  int64: (count) => `new BigInt64Array(${count}).fill(1n)`,
  bool: (count) => `new Uint8Array(${count}).fill(1)`,
};

function inputCode({ name, dtype, shape }) {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return `const ${name} = new Tensor("${dtype}", ${kValues[dtype](count)}, [${shape.join(", ")}]);`;
}
