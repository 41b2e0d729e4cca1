// The page of layers: what the headers of cpp/attention say of each, its example, and a picture of its map.

import { readLayers } from "../../.dev/layers.mjs";
import { exampleCode } from "./example.mjs";
import { escapeHtml, page, table, words } from "./page.mjs";
import { mapPictures } from "./pictures.mjs";

/** The page, and its pictures: { html, pictures: { file name -> bytes } }. */
export async function layersPage() {
  const layers = readLayers();
  const pictures = await mapPictures(layers);
  const families = [...new Set(layers.map(({ family }) => family))];
  const html = page(
    "Layers",
    `<p>Layers of <code>heed/layers</code>, made from the documentation of the code that builds them. Each takes PyTorch's weights by
      the names below, or is new without them; <code>forward(x, { attention: true })</code> gives its output and its maps.</p>
    <p>The pictures are maps of new layers, with random weights, on features of the photograph (brightness, edges and lines at several
      sizes): they show what a map is like, not what a trained network looks at.</p>
    <p class="toc">${families.map((family) => `<a href="#${idOf(family)}">${escapeHtml(family)}</a>`).join(" · ")}</p>
    ${families.map((family) => familySection(family, layers, pictures)).join("\n")}`,
  );
  return {
    html,
    pictures: Object.fromEntries(Object.values(pictures).map(({ file, bytes }) => [file, bytes])),
  };
}

const idOf = (family) => family.toLowerCase().replace(/[^a-z]+/g, "-");

function familySection(family, layers, pictures) {
  const own = layers.filter((layer) => layer.family === family);
  return `<section id="${idOf(family)}"><h2>${escapeHtml(family)}</h2>
    ${own.map((layer) => article(layer, pictures[layer.name])).join("\n")}</section>`;
}

function article(layer, picture) {
  const { name, title, formula, inputs, outputs, maps, options, notes, source } = layer;
  const shapes = [
    ...inputs.map((input) => [
      input.name,
      input.optional ? "input, optional" : "input",
      input.text,
    ]),
    ...outputs.map((output) => [output.name, "output", output.text]),
    ...maps.map((map) => [map.name, "map", map.text]),
  ];
  return `<article id="${name}"><h3>${name}</h3>
    <p>${words(sentence(title))}</p>
    ${picture === undefined ? "" : figure(picture)}
    <pre class="formula">${escapeHtml(formula)}</pre>
    ${table(["", "", "Shape"], shapes)}
    ${options.length === 0 ? "" : optionTable(options)}
    ${notes.map(({ what, text }) => `<p><strong>${escapeHtml(what)}.</strong> ${words(text)}</p>`).join("")}
    <p><strong>Source.</strong> ${words(source)}</p>
    <pre class="code"><code>${escapeHtml(exampleCode(layer))}</code></pre></article>`;
}

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

const optionTable = (options) =>
  table(
    ["Option", "Type", ""],
    options.map(({ name, type, fallback, description }) => [
      name,
      `\`${type}\`${fallback === undefined ? "" : ` = \`${fallback}\``}`,
      description,
    ]),
  );

const figure = ({ file, caption }) =>
  `<figure><img src="./${file}" alt="${escapeHtml(caption)}" loading="lazy" /><figcaption>${escapeHtml(caption)}</figcaption></figure>`;
