// What the benchmark prints: Markdown, so that the README's tables are what the command prints.

/** The value that this share of the values lies below. */
function quantileOf(values, share) {
  const ordered = [...values].sort((a, b) => a - b);
  const at = (ordered.length - 1) * share;
  const [low, high] = [Math.floor(at), Math.ceil(at)];
  return ordered[low] + (ordered[high] - ordered[low]) * (at - low);
}

export const medianOf = (values) => quantileOf(values, 0.5);
export const quartilesOf = (values) => [quantileOf(values, 0.25), quantileOf(values, 0.75)];

const kDigits = 2;
const milliseconds = (value) => (value < 10 ? value.toFixed(kDigits) : value.toFixed(0));
const megabytes = (bytes) => (bytes === undefined ? "-" : (bytes / 1e6).toFixed(0));
const ratioText = (median, [low, high]) =>
  `**${median.toFixed(kDigits)}** (${low.toFixed(kDigits)}-${high.toFixed(kDigits)})`;
const differText = (difference) => `results differ by ${difference.toExponential(1)}`;

function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, i) => (i === 0 ? "---" : "---:"));
  return `${[head, rule, ...rows].map(line).join("\n")}\n`;
}

function headText({ heed, ort, processor, rounds }) {
  return `heed ${heed} and onnxruntime-web ${ort} (wasm), one thread each, ${processor}. A ratio is of two
neighbouring samples: the median of ${rounds} rounds in three processes, and in brackets the middle half of them.
`;
}

/** The whole text for the networks. */
export function networkTables(report) {
  const { heed, ort } = report.download;
  const kilobytes = (bytes) => `${(bytes / 1024).toFixed(0)} KB`;
  return [
    headText(report),
    ...report.environments.map(
      ({ title, networks }) =>
        `### ${title}, heed's build: ${networks[0].build}\n\n${runTable(networks)}\n${startTable(networks)}`,
    ),
    `Load: from the import to a model that can run, its file being there. Memory: the peak of the process that runs the model, and
what WebAssembly memories have of it. Download, gzip -9, in KB of 1024 bytes: heed ${kilobytes(heed)}, ONNX Runtime Web ${kilobytes(ort)}, ${(ort / heed).toFixed(0)} times as much.
`,
  ].join("\n");
}

function runTable(networks) {
  const rows = networks.map(({ title, agree, difference, heed, ort, ratio, quartiles, floor }) =>
    agree
      ? [
          title,
          milliseconds(heed),
          milliseconds(ort),
          ratioText(ratio, quartiles),
          milliseconds(floor),
          `${((100 * floor) / heed).toFixed(0)} %`,
        ]
      : [title, differText(difference), "", "", "", ""],
  );
  const head = ["a run", "heed ms", "ORT ms", "ORT / heed", "floor ms", "share of the floor"];
  return table(head, rows);
}

function startTable(networks) {
  const rows = networks.map(({ title, starts: { heed, ort } }) => {
    const both = (show, name) => `${show(heed[name])} / ${show(ort[name])}`;
    return [
      title,
      both(milliseconds, "load"),
      both(milliseconds, "firstResult"),
      both(megabytes, "peakMemory"),
      both(megabytes, "wasmMemory"),
    ];
  });
  const head = ["heed / ORT", "load ms", "first result ms", "peak memory MB", "wasm memory MB"];
  return table(head, rows);
}

/** The whole text for single operators. */
export function kernelTables(report) {
  return [
    headText(report),
    ...report.environments.map(
      ({ title, kernels }) =>
        `### ${title}, heed's build: ${kernels[0].build}\n\n${kernelTable(kernels)}`,
    ),
    "Times include copying the input in and the output out.",
  ].join("\n");
}

function kernelTable(kernels) {
  const rows = kernels.map(({ title, agree, difference, heed, ort, ratio, quartiles, work }) => {
    const { flop, elements } = work;
    const unit = flop ? "GFLOP/s" : "ns/element";
    if (!agree) return [title, unit, differText(difference), "", ""];
    const show = (time) => (flop ? flop / time / 1e6 : (time * 1e6) / elements).toFixed(kDigits);
    return [title, unit, show(heed), show(ort), ratioText(ratio, quartiles)];
  });
  return table(["operator", "unit", "heed", "ORT", "ORT / heed in time"], rows);
}

/** The whole text for the attention mechanisms. */
export function layerTables(report) {
  return [
    headText(report),
    ...report.environments.map(
      ({ title, build, layers }) =>
        `### ${title}, heed's build: ${build}\n\n${layerTable(layers)}\n${slowerText(layers)}`,
    ),
    `Layer: heed's layer, or network of layers, with the file's weights. File: heed running the file that ONNX Runtime runs. Times
include copying the inputs in and the outputs out.
`,
  ].join("\n");
}

const shapesText = (shapes) => shapes.map((shape) => shape.join("x")).join(", ");

function layerTable(layers) {
  const rows = layers.map(({ title, shapes, ort, layer, file }) => [
    title,
    shapesText(shapes),
    ort?.time === undefined ? engineText(ort) : finely(ort.time),
    ...[layer, file].flatMap((engine) => [
      engine?.time === undefined ? engineText(engine) : finely(engine.time),
      engine?.ratio === undefined ? "" : ratioText(engine.ratio, engine.quartiles),
    ]),
  ]);
  const head = [
    "mechanism",
    "inputs",
    "ORT ms",
    "layer ms",
    "ORT / layer",
    "file ms",
    "ORT / file",
  ];
  return table(head, rows);
}

const finely = (value) => (value < 1 ? value.toFixed(kDigits + 1) : milliseconds(value));

function engineText(engine) {
  if (engine === undefined) return "-";
  if (engine.error !== undefined) return `fails: ${engine.error}`;
  return `differs, ${engine.difference.toPrecision(kDigits)} times what is allowed`;
}

/** The cases in which a run takes longer than ONNX Runtime's, the worst first. */
function slowerText(layers) {
  const lists = ["layer", "file"].map((name) => {
    const slower = layers.filter((row) => row[name]?.ratio < 1);
    if (slower.length === 0) return "";
    const lines = slower
      .sort((a, b) => a[name].ratio - b[name].ratio)
      .map(
        (row) => `- ${row.title}, ${shapesText(row.shapes)}: ${row[name].ratio.toFixed(kDigits)}`,
      );
    return `Slower than ONNX Runtime, ${name}:\n\n${lines.join("\n")}\n`;
  });
  return lists.join("\n");
}
