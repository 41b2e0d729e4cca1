import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Dimension } from "../engine/session.ts";
import type { ImageOptions, Tensor } from "../index.ts";
import type { Model, RunResult } from "../model.ts";
import { makeInputs, readInputs, UsageError } from "./inputs.ts";
import { load } from "./load.ts";
import { writeNpy } from "./npy.ts";
import { drawMap } from "./picture.ts";

/** What the command line gave, beside the model. */
export interface Arguments {
  model: string;
  json: boolean;
  inputs: readonly string[];
  shapes: readonly string[];
  outputs: readonly string[] | undefined;
  attention: string | undefined;
  save: string | undefined;
  runs: number;
  image: ImageOptions;
}

/** What a command has to say: text for people, or a value for `--json`. */
export interface Report {
  text: string;
  json: unknown;
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
const dims = (shape: readonly Dimension[] | undefined) => (shape ? `[${shape.join(", ")}]` : "[?]");

/** `heed inspect` */
export async function inspect({ model: path, shapes }: Arguments): Promise<Report> {
  const model = await load(path);
  const { inputs, outputs, attention } = model;
  const given = makeInputs(model, shapes);
  const loaded = model.info.memory;
  if (given) await model.run(given, { attention: true });
  const { build, threads, operators } = model.info;
  const plan = given && { peakBytes: model.info.memory.arenaBytes, shapes: shapesOf(given) };
  const memory = { weightBytes: (given ? model.info.memory : loaded).weightBytes, plan };
  const lines = [
    `inputs      ${inputs.map((t) => `${t.name}: ${t.dtype} ${dims(t.shape)}`).join("\n            ")}`,
    `outputs     ${outputs.map((t) => `${t.name}: ${t.dtype} ${dims(t.shape)}`).join("\n            ")}`,
    `operators   ${operators.map((o) => `${o.name} ${o.count}`).join(", ")}`,
    `attention   ${attention.map((b) => `${b.id}: ${b.mechanism}, ${b.kind}, map ${dims(b.shape)}, at ${b.node}`).join("\n            ") || "no blocks were recognised"}`,
    `weights     ${megabytes(memory.weightBytes)}`,
    plan
      ? `plan        ${megabytes(plan.peakBytes)} at its peak, for ${Object.entries(plan.shapes).map(([name, shape]) => `${name} ${dims(shape)}`)}`
      : `plan        depends on the input's size: --shape ${inputs.map((t) => `${t.name}=${exampleShape(t.shape)}`).join(" --shape ")}`,
    `engine      ${build}, ${threads} thread`,
  ];
  const json = { inputs, outputs, operators, attention, memory, build, threads };
  return { text: lines.join("\n"), json };
}

const exampleShape = (shape: readonly Dimension[] | undefined) =>
  (shape ?? [1]).map((extent) => (typeof extent === "number" ? extent : "N")).join("x");

const shapesOf = (tensors: Record<string, Tensor>) =>
  Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, shape]));

/** `heed run` */
export async function run(args: Arguments): Promise<Report> {
  const model = await load(args.model);
  const inputs = await readInputs(model, args.inputs, args.image);
  const options = { attention: args.attention !== undefined };
  const result = await model.run(
    inputs,
    args.outputs ? { ...options, outputs: args.outputs } : options,
  );
  const pictures = args.attention === undefined ? {} : await savePictures(args.attention, result);
  const saved = args.save === undefined ? {} : await saveValues(args.save, result);
  const outputs = Object.entries(result.outputs);
  const lines = [
    ...outputs.map(([name, tensor]) => summary(name, tensor)),
    ...Object.values({ ...saved, ...pictures }).map((file) => `wrote ${file}`),
  ];
  const json = {
    outputs: Object.fromEntries(
      outputs.map(([name, { dtype, shape, data }]) => [name, { dtype, shape, data: plain(data) }]),
    ),
    ...(args.attention !== undefined && { attention: pictures }),
    ...(args.save !== undefined && { saved }),
  };
  return { text: lines.join("\n"), json };
}

/** Elements as JSON can say them: int64 within the range of doubles, NaN and infinities as text. */
function plain(data: Tensor["data"]): (number | string)[] {
  return Array.from(data as ArrayLike<number | bigint>, (value) => {
    const number = Number(value);
    return Number.isFinite(number) ? number : String(number);
  });
}

function summary(name: string, tensor: Tensor): string {
  const values = Array.from(tensor.data as ArrayLike<number | bigint>, Number);
  const head = `${name}: ${tensor.dtype} ${dims(tensor.shape)}`;
  if (values.length === 0) return `${head}, empty`;
  const least = values.reduce((a, b) => Math.min(a, b));
  const most = values.reduce((a, b) => Math.max(a, b));
  const mean = values.reduce((a, b) => a + b) / values.length;
  const short = (value: number) => Number(value.toPrecision(6));
  const range = `least ${short(least)}, mean ${short(mean)}, most ${short(most)}`;
  const shown = values.slice(0, 8).map(short).join(" ");
  const more = values.length > 8 ? " ..." : "";
  const largest = values.indexOf(most);
  return `${head}\n  ${range} (at ${largest})\n  ${shown}${more}`;
}

const fileName = (name: string) => name.replace(/[^\w.-]+/g, "_");

async function savePictures(folder: string, { attention }: RunResult) {
  await mkdir(folder, { recursive: true });
  const files: Record<string, string> = {};
  for (const [id, map] of attention) {
    files[id] = join(folder, `${fileName(id)}.png`);
    await writeFile(files[id], drawMap(map));
  }
  return files;
}

async function saveValues(folder: string, { outputs }: RunResult) {
  await mkdir(folder, { recursive: true });
  const files: Record<string, string> = {};
  for (const [name, tensor] of Object.entries(outputs)) {
    files[name] = join(folder, `${fileName(name)}.npy`);
    await writeFile(files[name], writeNpy(tensor));
  }
  return files;
}

/** `heed bench` */
export async function bench(args: Arguments): Promise<Report> {
  const start = performance.now();
  const model = await load(args.model);
  const loadTime = performance.now() - start;
  const inputs = await inputsFor(model, args);
  const times: number[] = [];
  for (let i = 0; i <= args.runs; i++) {
    const before = performance.now();
    await model.run(inputs);
    times.push(performance.now() - before);
  }
  const [first = 0, ...later] = times;
  const sorted = later.sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const { build, threads, memory } = model.info;
  const json = {
    ...{ shapes: shapesOf(inputs), loadMs: loadTime, firstMs: first, medianMs: median },
    ...{ bestMs: sorted[0], runs: args.runs, build, threads, memory },
  };
  const ms = (time: number) => `${time.toFixed(2)} ms`;
  const lines = [
    `load        ${ms(loadTime)}`,
    `first run   ${ms(first)}`,
    `median      ${ms(median)} of ${args.runs} runs, best ${ms(sorted[0] ?? 0)}`,
    `memory      ${megabytes(memory.weightBytes)} weights, ${megabytes(memory.arenaBytes)} plan, ${megabytes(memory.heapBytes)} in all`,
    `engine      ${build}, ${threads} thread`,
  ];
  return { text: lines.join("\n"), json };
}

async function inputsFor(model: Model, args: Arguments): Promise<Record<string, Tensor>> {
  if (args.inputs.length > 0) return readInputs(model, args.inputs, args.image);
  const made = makeInputs(model, args.shapes);
  if (made) return made;
  const example = model.inputs.map((t) => `--shape ${t.name}=${exampleShape(t.shape)}`).join(" ");
  throw new UsageError(`the model takes inputs of any size: ${example}, or --input NAME=FILE`);
}
