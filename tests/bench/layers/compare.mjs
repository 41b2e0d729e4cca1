// A mechanism of the catalogue as heed's layer, from its file in heed, and from its file in ONNX Runtime Web;
// runs in Node.js and in browsers.

import { propertiesOf } from "../../support/onnx-file.mjs";
import { alternate, farthest } from "../alternate.mjs";
import { makeHeedLayer } from "./heed-layer.mjs";
import { completed, inputsOf, weightsOf } from "./weights.mjs";

const kWarmUp = { runs: 3, milliseconds: 300 };
/** A result's largest difference may be this, in terms of the largest magnitude, and this beside it. */
const kTolerance = { relative: 1e-4, absolute: 1e-5 };

/** name -> an engine { run(), close(), build? }, or undefined where there is none. A run has tensors in, tensors out. */
const kEngines = {
  async layer({ urls, about, weights, inputs }) {
    const layer = await makeHeedLayer(urls, about, weights);
    return layer && { run: async () => layer.run(inputs), close: () => layer.dispose() };
  },

  async file({ urls, model, inputs }) {
    const { loadModel, Tensor } = await import(urls.heed);
    const loaded = await loadModel(model.slice());
    const feeds = tensorsOf(inputs, loaded.inputs, Tensor);
    const run = async () => (await loaded.run(feeds)).outputs;
    return { run, build: loaded.info.build, close: () => loaded.dispose() };
  },

  async ort({ urls, model, inputs, size }) {
    const { env, InferenceSession, Tensor } = await import(urls.ort);
    env.wasm.numThreads = 1;
    env.logLevel = "error";
    const session = await InferenceSession.create(model, {
      executionProviders: ["wasm"],
      graphOptimizationLevel: "all",
      freeDimensionOverrides: { batch: 1, ...size },
    });
    const names = session.inputNames.map((name) => ({ name }));
    const feeds = tensorsOf(inputs, names, Tensor);
    return { run: () => session.run(feeds), close: () => session.release() };
  },
};

/** Of the inputs that the file reads: where only a shape counted, an exporter leaves an input out. */
function tensorsOf(inputs, declared, Tensor) {
  return Object.fromEntries(
    declared.map(({ name }) => [
      name,
      new Tensor("float32", inputs[name].data, inputs[name].shape),
    ]),
  );
}

/**
 * All sizes of a file. Resolves to { sizes: [{ shapes, differences, errors, times }], build }: differences in terms of
 * the tolerance, errors and times by the engine's name. An engine with an error or a difference over 1 is not timed.
 */
export async function compareLayers({ urls, rounds }, file) {
  const { uniform } = await import(urls.hash);
  const about = JSON.parse(propertiesOf(file).heed);
  const weights = weightsOf(about, uniform);
  const model = await completed(file, about, weights);
  const result = { sizes: [] };
  for (const size of about.sizes) {
    const inputs = inputsOf(about, size, uniform);
    const { build, ...rest } = await compareAt(
      { urls, about, weights, model, inputs, size },
      rounds,
    );
    result.build ??= build;
    result.sizes.push({ shapes: Object.values(inputs).map(({ shape }) => shape), ...rest });
  }
  return result;
}

async function compareAt(given, rounds) {
  const [engines, outputs, errors] = [{}, {}, {}];
  for (const [name, make] of Object.entries(kEngines)) {
    try {
      const engine = await make(given);
      if (engine === undefined) continue;
      engines[name] = engine;
      outputs[name] = await engine.run();
    } catch (error) {
      errors[name] = String(error.message ?? error);
    }
  }
  const build = engines.file?.build;
  const differences = {};
  for (const name of Object.keys(engines)) {
    if (name !== "ort" && outputs.ort && outputs[name])
      differences[name] = differenceOf(outputs[name], outputs.ort);
  }
  const isTimed = (name) => outputs[name] && (name === "ort" || differences[name] <= 1);
  const timed = Object.fromEntries(Object.entries(engines).filter(([name]) => isTimed(name)));
  const times = await alternate(timed, rounds, kWarmUp);
  for (const engine of Object.values(engines)) await engine.close();
  return { build, differences, errors, times };
}

/** The largest difference of two results, in terms of what is allowed. */
function differenceOf(outputs, expected) {
  let worst = 0;
  for (const [name, { data: reference }] of Object.entries(expected)) {
    const data = outputs[name]?.data;
    if (data?.length !== reference.length) return Number.POSITIVE_INFINITY;
    const { difference, magnitude } = farthest(data, reference);
    const share = difference / (kTolerance.relative * magnitude + kTolerance.absolute);
    if (!(share <= worst)) worst = share;
  }
  return worst;
}
