// From the list of layers (cpp/attention/layers.def) and the comments in front of their build functions
// to build/generated/layers.ts: a class for each, with its options as types. The page of the docs and the
// tests read the same.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, filesUnder, once, root, SetupError } from "./run.mjs";

/** The comment's lines, joined to one text for each item: "Option gate: ..." */
function itemsOf(comment) {
  const paragraphs = comment.split(/\n\s*\n/).map((text) => text.trim());
  const [head, ...rest] = paragraphs;
  const items = rest
    .join("\n")
    .split(/\n(?=- )|^(?=- )/)
    .map((item) => item.replace(/^- /, "").replace(/\s+/g, " ").trim())
    .filter((item) => item !== "");
  return { head: head.replace(/\s+/g, " "), items };
}

/** "number = 16. Of a new layer." -> type, default, text */
function optionOf(name, text) {
  const match = /^((?:"[^"]*"|[^".=])+?)(?: = ((?:"[^"]*"|[^".]|\.(?=\d))+))?(?:\. ?(.*))?$/.exec(
    text,
  );
  if (match === null)
    throw new SetupError(`the option ${name} is not documented as "type = default. text": ${text}`);
  const [, type, fallback, description = ""] = match;
  return { name, type: type.trim(), fallback, description };
}

/** `x [1, 3, 9], lengths int64 [1]` -> [{ name, dtype, shape }] */
export function exampleInputs(text) {
  return [...text.matchAll(/(\w+)(?: (int64|int32|bool|float32))? \[([^\]]*)\]/g)].map(
    ([, name, dtype = "float32", shape]) => ({
      name,
      dtype,
      shape: shape.trim() === "" ? [] : shape.split(",").map(Number),
    }),
  );
}

function exampleOf(text) {
  const match = /^(\{.*\}) of (.*)$/.exec(text);
  if (match === null)
    throw new SetupError(`an example is "{ options } of input [shape]", not: ${text}`);
  return { options: match[1], inputs: exampleInputs(match[2]) };
}

/** Every layer of the list, with its documentation. */
export function readLayers() {
  const list = readFileSync(join(root, "cpp/attention/layers.def"), "utf8");
  const headers = filesUnder("cpp/attention")
    .filter((path) => path.endsWith(".h"))
    .map((path) => readFileSync(path, "utf8"));
  let family = "";
  const layers = [];
  for (const line of list.split("\n")) {
    family = /^\/\/ --- (.*) ---$/.exec(line)?.[1] ?? family;
    const entry = /^HEED_LAYER\((\w+), (\w+)\)/.exec(line);
    if (entry === null) continue;
    const [, kind, build_] = entry;
    const pattern = new RegExp(`((?:^//.*\\n)+)void build_${build_}\\(Builder& b\\);`, "m");
    const comment = headers.map((text) => pattern.exec(text)?.[1]).find(Boolean);
    if (comment === undefined) throw new SetupError(`no header documents build_${build_}`);
    layers.push(layerOf(kind, family, comment.replace(/^\/\/ ?/gm, "")));
  }
  return layers;
}

function layerOf(kind, family, comment) {
  const { head, items } = itemsOf(comment);
  const layer = {
    ...{ kind, name: kind[0].toUpperCase() + kind.slice(1), family },
    title: head.replace(/^\w+: /, ""),
    ...{
      formula: "",
      inputs: [],
      outputs: [],
      maps: [],
      options: [],
      notes: [],
      source: "",
      example: undefined,
    },
  };
  for (const item of items) {
    const match = /^(\w+)(?: ([\w<>?]+))?: (.*)$/.exec(item);
    if (match === null)
      throw new SetupError(`${kind}: "${item}" is no item of a layer's documentation`);
    const [, what, name = "", text] = match;
    if (what === "Formula") layer.formula = text;
    else if (what === "Input")
      layer.inputs.push({ name: name.replace("?", ""), optional: name.endsWith("?"), text });
    else if (what === "Output") layer.outputs.push({ name, text });
    else if (what === "Map") layer.maps.push({ name, text });
    else if (what === "Option") layer.options.push(optionOf(name, text));
    else if (what === "Source") layer.source = text;
    else if (what === "Example") layer.example = exampleOf(text);
    else layer.notes.push({ what, text });
  }
  for (const part of ["formula", "source", "example"]) {
    if (!layer[part]) throw new SetupError(`${kind} has no ${part} in its documentation`);
  }
  return layer;
}

const indent = (lines) => lines.map((line) => ` * ${line}`.trimEnd());

function classOf(layer) {
  const { kind, name, title, formula, inputs, outputs, maps, options, notes, source } = layer;
  const shown = (list, label) =>
    list.map(
      (item) => `- ${label} \`${item.name}\`${item.optional ? " (optional)" : ""}: ${item.text}`,
    );
  const doc = [
    `${name}: ${title}`,
    "",
    `- Formula: ${formula}`,
    ...shown(inputs, "Input"),
    ...shown(outputs, "Output"),
    ...shown(maps, "Map"),
    ...notes.map(({ what, text }) => `- ${what}: ${text}`),
    `- Source: ${source}`,
  ];
  const members = options.flatMap(({ name: option, type, fallback, description }) => [
    `  /** ${[description, fallback === undefined ? "" : `Default: \`${fallback}\`.`].filter(Boolean).join(" ") || "See the class."} */`,
    `  ${option}?: ${type.replace(/\bActivation\b/g, "ActivationName")};`,
  ]);
  return [
    `/** What ${name} can be made with. */`,
    `export interface ${name}Options {`,
    ...members,
    "}",
    "/**",
    ...indent(doc),
    " */",
    `export class ${name} extends Layer {`,
    `  static readonly kind: string = "${kind}";`,
    "  /** For the compiler alone. */",
    `  declare static readonly options?: ${name}Options;`,
    "}",
    "",
  ];
}

export async function generateLayers() {
  await once(
    "layers",
    {
      inputs: ["cpp/attention", ".dev/layers.mjs"],
      outputs: ["build/generated/layers.ts"],
    },
    () => {
      const lines = [
        "// Generated by .dev/layers.mjs from the headers of cpp/attention.",
        "",
        'import { type Activation as ActivationName, Layer, type Part, type Parts } from "../../web/src/layers/layer.ts";',
        "",
        ...readLayers().flatMap(classOf),
      ];
      mkdirSync(join(build, "generated"), { recursive: true });
      writeFileSync(join(build, "generated/layers.ts"), lines.join("\n"));
    },
  );
}
