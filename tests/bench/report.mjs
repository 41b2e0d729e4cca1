// What the benchmark prints: Markdown tables, so that the README's are what the command prints.

const sorted = (values) => [...values].sort((a, b) => a - b);

/** The value that this share of the values lies below. */
function quantileOf(values, share) {
  const at = (values.length - 1) * share;
  const [low, high] = [Math.floor(at), Math.ceil(at)];
  const ordered = sorted(values);
  return ordered[low] + (ordered[high] - ordered[low]) * (at - low);
}

export const medianOf = (values) => quantileOf(values, 0.5);
export const quartilesOf = (values) => [quantileOf(values, 0.25), quantileOf(values, 0.75)];

function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  console.log(line(head));
  console.log(line(head.map((_, i) => (i === 0 ? "---" : "---:"))));
  for (const row of rows) console.log(line(row));
}

const milliseconds = (value) => (value < 10 ? value.toFixed(2) : value.toFixed(0));
const megabytes = (bytes) => (bytes === undefined ? "-" : (bytes / 1e6).toFixed(0));
const ratio = (value) => value.toFixed(2);
const spread = ([low, high]) => `${ratio(low)}-${ratio(high)}`;

function printHead({ heed, ort, processor, rounds }) {
  console.log(`heed ${heed} and onnxruntime-web ${ort} (wasm), one thread each, ${processor}.`);
  console.log(
    `A ratio is of two neighbouring samples: the median of ${rounds} rounds, and in brackets the middle half of them.\n`,
  );
}

export function printNetworks(report) {
  printHead(report);
  const { download } = report;
  for (const { title, networks } of report.environments) {
    console.log(`### ${title}, heed's build: ${networks[0].build}\n`);
    table(
      ["a run", "heed ms", "ORT ms", "ORT / heed", "floor ms", "share of the floor"],
      networks.map(printRun),
    );
    console.log("");
    table(
      ["heed / ORT", "load ms", "first result ms", "peak memory MB", "wasm memory MB"],
      networks.map(({ title, starts: { heed, ort } }) => {
        const both = (show, name) => `${show(heed[name])} / ${show(ort[name])}`;
        return [
          title,
          both(milliseconds, "load"),
          both(milliseconds, "firstResult"),
          both(megabytes, "peakMemory"),
          both(megabytes, "wasmMemory"),
        ];
      }),
    );
    console.log("");
  }
  const kilobytes = (bytes) => `${(bytes / 1e3).toFixed(0)} KB`;
  const factor = (download.ort / download.heed).toFixed(0);
  console.log(
    `Download, gzip -9: heed ${kilobytes(download.heed)}, ORT ${kilobytes(download.ort)} (${factor} times as much).`,
  );
  console.log(
    "Load: from the import to a model that can run, its file being there. Memory: peak of the process that runs the model.",
  );
}

function printRun({ title, agree, difference, heed, ort, ratio: median, quartiles, floor }) {
  if (!agree) return [title, `results differ by ${difference.toExponential(1)}`, "", "", "", ""];
  const share = `${((100 * floor) / heed).toFixed(0)} %`;
  const times = [milliseconds(heed), milliseconds(ort)];
  return [
    title,
    ...times,
    `**${ratio(median)}** (${spread(quartiles)})`,
    milliseconds(floor),
    share,
  ];
}

export function printKernels(report) {
  printHead(report);
  for (const { title, kernels } of report.environments) {
    console.log(`### ${title}, heed's build: ${kernels[0].build}\n`);
    table(
      ["operator", "unit", "heed", "ORT", "ORT / heed in time"],
      kernels.map(({ title, agree, difference, heed, ort, ratio: median, quartiles, work }) => {
        if (!agree) return [title, "", `results differ by ${difference.toExponential(1)}`, "", ""];
        const unit = work.flop ? "GFLOP/s" : "ns/element";
        const show = (time) =>
          (work.flop ? work.flop / time / 1e6 : (time * 1e6) / work.elements).toFixed(
            work.flop ? 1 : 2,
          );
        return [title, unit, show(heed), show(ort), `**${ratio(median)}** (${spread(quartiles)})`];
      }),
    );
    console.log("");
  }
  console.log("Times include copying the input in and the output out.");
}
