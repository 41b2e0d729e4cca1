// The measurements; runs in Node.js and in browsers.

import { alternate, farthest } from "./alternate.mjs";
import { kEngines, watchMemories } from "./engines.mjs";

export { compareLayers } from "./layers/compare.mjs";

/** What comes before the first sample: V8 compiles hot functions anew while they are called. */
const kWarmUp = { runs: 8, milliseconds: 1500 };
/** Largest difference of two results, in terms of the largest magnitude. */
const kTolerance = 1e-4;

/** The network's input from picture planes, a byte a value. */
function inputOf({ shape, planes }) {
  const bytes = Uint8Array.from(atob(planes), (character) => character.charCodeAt(0));
  return { shape, data: Float32Array.from(bytes, (byte) => byte / 127.5 - 1) };
}

/** The largest difference of the outputs of one run each, in terms of their largest magnitude. */
function differenceOf(outputs, expected) {
  let worst = 0;
  for (const [name, { data: reference }] of Object.entries(expected)) {
    const data = outputs[name]?.data;
    if (data?.length !== reference.length) return Number.POSITIVE_INFINITY;
    const { difference, magnitude } = farthest(data, reference);
    if (!(difference / magnitude <= worst)) worst = difference / magnitude;
  }
  return worst;
}

/**
 * Runs the engines alternately, each first in every second round, after it has been seen that their results agree.
 * Resolves to { build, difference, agree, heed, ort }, the last two milliseconds a run for each round.
 */
export async function compare({ urls, task, rounds }, file) {
  const input = inputOf(task);
  const engines = {};
  for (const name of ["heed", "ort"]) {
    engines[name] = await kEngines[name](urls, file, input, task.input);
  }
  const difference = differenceOf(await engines.heed.run(), await engines.ort.run());
  const result = { build: engines.heed.build, difference, agree: difference <= kTolerance };
  if (result.agree) {
    Object.assign(result, await alternate(engines, rounds, kWarmUp));
  }
  for (const engine of Object.values(engines)) await engine.close();
  return result;
}

/**
 * Starts one engine where none was before. Resolves to { load, firstResult } in milliseconds since the import began, the
 * file being there, and { memory } in bytes of WebAssembly memory after a few runs.
 */
export async function start({ urls, task, engine: name }, file) {
  const input = inputOf(task);
  const memory = watchMemories();
  const began = performance.now();
  const engine = await kEngines[name](urls, file, input, task.input);
  const load = performance.now() - began;
  await engine.run();
  const firstResult = performance.now() - began;
  for (let i = 0; i < 4; i++) await engine.run();
  return { load, firstResult, memory: memory() };
}
