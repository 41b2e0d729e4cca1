// Makes the pages of documentation that list things, so that they cannot differ from what is built.
// demo/vite.config.ts puts them into the site; `node demo/docs/make.mjs FOLDER` writes them anywhere.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { kFused, kNotes, kSections } from "./notes.mjs";
import { operatorsOf } from "./operators.mjs";

const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

/** The pages and their style: { file name -> text }. */
export function docPages() {
  return {
    "operators.html": operatorsPage(),
    "docs.css": `${read("demo/src/styles/tokens.css")}\n${read("demo/docs/docs.css")}`,
  };
}

const escapeHtml = (text) =>
  text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

/** Text in which `code` stands between backquotes. */
const words = (text) => escapeHtml(text).replace(/`([^`]+)`/g, "<code>$1</code>");

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

function table(head, rows) {
  const line = ([name, ...cells]) =>
    `<tr><th scope="row" id="${escapeHtml(name)}">${escapeHtml(name)}</th>${cells
      .map((cell) => `<td>${words(cell)}</td>`)
      .join("")}</tr>`;
  return `<div class="table"><table><thead><tr>${head
    .map((title) => `<th scope="col">${title}</th>`)
    .join("")}</tr></thead><tbody>${rows.map(line).join("\n")}</tbody></table></div>`;
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

function page(title, body) {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <meta http-equiv="Content-Security-Policy" content="default-src 'self'; object-src 'none'; base-uri 'none'" />
    <title>heed: ${title.toLowerCase()}</title>
    <link rel="icon" href="../icon.svg" type="image/svg+xml" />
    <link rel="stylesheet" href="./docs.css" />
  </head>
  <body>
    <header><a class="brand" href="../">heed</a><span>${title}</span></header>
    <main>
    <h1>${title}</h1>
    ${body}
    </main>
  </body>
</html>
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2] ?? ".";
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(docPages())) writeFileSync(join(folder, name), text);
}
