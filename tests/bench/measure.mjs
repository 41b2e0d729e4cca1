// The measurements; runs in Node.js and in browsers.

import { kEngines, watchMemories } from "./engines.mjs";

/** A sample is as many runs as take this long, so that the clock's grain does not matter. */
const kSampleMilliseconds = 20;
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
    let [difference, magnitude] = [0, 0];
    for (let i = 0; i < data.length; i++) {
      // Not Math.max: a NaN must count.
      if (!(Math.abs(data[i] - reference[i]) <= difference))
        difference = Math.abs(data[i] - reference[i]);
      magnitude = Math.max(magnitude, Math.abs(reference[i]));
    }
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
    const repeats = {};
    for (const [name, engine] of Object.entries(engines)) repeats[name] = await warmUp(engine.run);
    Object.assign(result, { heed: [], ort: [] });
    for (let round = 0; round < rounds; round++) {
      for (const name of round % 2 === 0 ? ["heed", "ort"] : ["ort", "heed"]) {
        result[name].push(await sample(engines[name].run, repeats[name]));
      }
    }
  }
  for (const engine of Object.values(engines)) await engine.close();
  return result;
}

/** Runs until the time is over and resolves to how many runs make a sample. */
async function warmUp(run) {
  const start = performance.now();
  let fastest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < kWarmUp.runs || performance.now() - start < kWarmUp.milliseconds; i++) {
    fastest = Math.min(fastest, await sample(run, 1));
  }
  return Math.ceil(kSampleMilliseconds / Math.max(fastest, 0.01));
}

/** Milliseconds a run. */
async function sample(run, repeats) {
  const start = performance.now();
  for (let i = 0; i < repeats; i++) await run();
  return (performance.now() - start) / repeats;
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
