// `npm run bench`: heed against ONNX Runtime Web's wasm backend, one thread each, in Node.js and in Chromium.
//
//   npm run bench                      the three networks
//   npm run bench -- kernels           single operators, in GFLOP/s or nanoseconds an element
//   npm run bench -- layers            the attention mechanisms and networks of them, from tests/bench/layers/models
//   options: --node-only  --chromium-only  --models=det,rec  --cases=ECA,CBAM (layers whose title has one of these)
//            --rounds=N  --json (one document and nothing else)  --readme (puts the networks' tables into README.md too)
//
// Status 1 when the results of a network differ by more than 1e-4 of their largest magnitude: it is not timed then.

import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { browsers } from "../../.dev/browsers.mjs";
import { build, root } from "../../.dev/run.mjs";
import { bundledSize } from "../../.dev/size.mjs";
import { floorOf, workOf } from "./floor.mjs";
import { inChromium } from "./in-chromium.mjs";
import { inNode } from "./in-node.mjs";
import { kernelTasks } from "./kernels.mjs";
import { layerPaths, layerRows, layerTasks } from "./layers.mjs";
import { kNetworks, taskOf } from "./networks.mjs";
import { kernelTables, layerTables, medianOf, networkTables, quartilesOf } from "./report.mjs";

const kStarts = 3;
/** Where memory and code happen to lie makes whole processes faster or slower, so one is not enough. */
const kProcesses = 3;
/** The flag that relaxed SIMD takes in this Node.js, which .dev/bench.mjs started this file with; none in later versions. */
const relaxedFlags = process.execArgv.filter((flag) => flag.endsWith("relaxed-simd"));
const ortFolder = join(root, "node_modules/onnxruntime-web");
const paths = {
  heed: join(build, "package/index.js"),
  ort: join(ortFolder, "dist/ort.wasm.bundle.min.mjs"),
};
const versionIn = (folder) =>
  JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).version;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    "node-only": { type: "boolean" },
    "chromium-only": { type: "boolean" },
    models: { type: "string" },
    cases: { type: "string" },
    rounds: { type: "string", default: "21" },
    json: { type: "boolean" },
    readme: { type: "boolean" },
  },
});
const rounds = Number(options.rounds);
const wanted = options.models?.split(",");
const report = {
  heed: versionIn(join(build, "package")),
  ort: versionIn(ortFolder),
  processor: cpus()[0].model,
  rounds,
  environments: [],
};

function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\rheed: ${text}\x1b[K`);
}

/** A line for what was measured, since all of it takes an hour and the tables come at its end. */
function measured(where, title, rows) {
  const ratios = rows.map(({ layer, file }) => (layer ?? file)?.ratio?.toFixed(2) ?? "failed");
  progress("");
  process.stderr.write(`heed: ${where}, ${title}: ${ratios.join(" ")}\n`);
}

/** Node.js as it is started by default, with relaxed SIMD where that takes a flag, and Chromium. */
async function environments() {
  const list = [];
  if (!options["chromium-only"]) {
    list.push(inNode([]));
    if (relaxedFlags.length > 0) list.push(inNode(relaxedFlags));
  }
  const { chromium } = browsers();
  if (options["node-only"]) return list;
  if (chromium !== undefined) list.push(await inChromium(root, chromium));
  else process.stderr.write("heed: Chromium is not installed, so it is left out\n");
  return list;
}

/** Runs alternately, in a few processes: the ratio of each round is of two runs that were neighbours in time. */
async function compareTask(where, task) {
  const results = [];
  while (results.length < kProcesses && results.every(({ agree }) => agree)) {
    const job = { kind: "compare", paths, task, rounds: Math.ceil(rounds / kProcesses) };
    results.push(await where.measure(job));
  }
  const { build: variant, agree } = results.at(-1);
  const difference = Math.max(...results.map((result) => result.difference));
  if (!agree) return { title: task.title, build: variant, difference, agree };
  const heed = results.flatMap((result) => result.heed);
  const ort = results.flatMap((result) => result.ort);
  const ratios = heed.map((time, round) => ort[round] / time);
  return {
    title: task.title,
    build: variant,
    difference,
    agree,
    heed: medianOf(heed),
    ort: medianOf(ort),
    ratio: medianOf(ratios),
    quartiles: quartilesOf(ratios),
  };
}

/** Each start in a process or browser of its own: medians of times, the largest of the memories. */
async function startTask(where, task, engine) {
  const starts = [];
  for (let i = 0; i < kStarts; i++) {
    starts.push(await where.measure({ kind: "start", paths, task, engine }));
  }
  const column = (name) => starts.map((start) => start[name]);
  return {
    load: medianOf(column("load")),
    firstResult: medianOf(column("firstResult")),
    wasmMemory: Math.max(...column("memory")),
    peakMemory: Math.max(...column("peak")),
    idleMemory: Math.max(...column("idle")),
  };
}

async function benchNetworks() {
  const { default: ort } = await import("onnxruntime-web/wasm");
  ort.env.wasm.numThreads = 1;
  const networks = kNetworks.filter(({ name }) => wanted === undefined || wanted.includes(name));
  const works = new Map();
  for (const network of networks) {
    const { file, shape } = taskOf(root, network);
    const size = shape.reduce((product, extent) => product * extent);
    const x = new ort.Tensor("float32", new Float32Array(size), shape);
    works.set(network, await workOf(new Uint8Array(readFileSync(file)), { x }, ort));
  }
  report.download = await downloads();
  for (const where of await environments()) {
    const environment = { title: where.title, networks: [] };
    report.environments.push(environment);
    for (const network of networks) {
      const task = taskOf(root, network);
      progress(`${where.title}, ${task.title}: comparing`);
      const result = await compareTask(where, task);
      const floor = floorOf(works.get(network), result.build);
      const starts = {};
      for (const engine of ["heed", "ort"]) {
        progress(`${where.title}, ${task.title}: starting ${engine}`);
        starts[engine] = await startTask(where, task, engine);
      }
      environment.networks.push({ ...result, work: works.get(network), floor, starts });
    }
    await where.close();
  }
  progress("");
}

/** Bytes of the smallest set of files that runs a model in a page, after gzip -9. */
async function downloads() {
  const packed = (path) => gzipSync(readFileSync(path), { level: 9 }).length;
  return {
    heed: (await bundledSize()).gzip,
    ort: packed(paths.ort) + packed(join(ortFolder, "dist/ort-wasm-simd-threaded.wasm")),
  };
}

async function benchKernels() {
  const tasks = kernelTasks(join(build, "bench"));
  for (const where of await environments()) {
    const environment = { title: where.title, kernels: [] };
    report.environments.push(environment);
    for (const { task, work } of tasks) {
      progress(`${where.title}, ${task.title}`);
      environment.kernels.push({ ...(await compareTask(where, task)), work });
    }
    await where.close();
  }
  progress("");
}

/** Each file in a few processes, all its sizes in each. */
async function benchLayers() {
  const tasks = layerTasks(root, options.cases?.split(","));
  const all = { ...paths, ...layerPaths(root, build) };
  for (const where of await environments()) {
    const environment = { title: where.title, layers: [] };
    report.environments.push(environment);
    for (const task of tasks) {
      progress(`${where.title}, ${task.title}`);
      const results = [];
      while (results.length < kProcesses) {
        const job = { kind: "compareLayers", paths: all, task };
        results.push(await where.measure({ ...job, rounds: Math.ceil(rounds / kProcesses) }));
      }
      environment.build ??= results[0].build;
      const rows = layerRows(task, results);
      measured(where.title, task.title, rows);
      environment.layers.push(...rows);
    }
    await where.close();
  }
  progress("");
}

/** The README's tables, between two comments that name the command. */
function putIntoReadme(tables) {
  const path = join(root, "README.md");
  const [open, close] = ["<!-- npm run bench -->\n", "<!-- /npm run bench -->"];
  const text = readFileSync(path, "utf8");
  const [from, to] = [text.indexOf(open) + open.length, text.indexOf(close)];
  writeFileSync(path, `${text.slice(0, from)}\n${tables}\n${text.slice(to)}`);
}

const kBenches = {
  networks: [benchNetworks, networkTables],
  kernels: [benchKernels, kernelTables],
  layers: [benchLayers, layerTables],
};
const [wantedBench = "networks"] = positionals;
const [bench, tablesOf] = kBenches[wantedBench];
await bench();
const tables = tablesOf(report);
console.log(options.json ? JSON.stringify(report, null, 2) : tables);
if (options.readme && wantedBench === "networks") putIntoReadme(tables);
const failed = report.environments.some(({ networks, kernels, layers }) =>
  (networks ?? kernels ?? layers).some(
    ({ agree = true, ort, layer = {}, file = {} }) =>
      !agree || [ort, layer, file].some((engine) => engine?.error ?? engine?.difference),
  ),
);
if (failed) process.exitCode = 1;
