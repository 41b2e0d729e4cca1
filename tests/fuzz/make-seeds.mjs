// Writes the seeds of tests/fuzz/corpus/compile that the ONNX project's tests do not have: operators it has no small file for, and
// graphs in which heed finds attention, so that the fused steps are reached too.
//
//   node tests/fuzz/make-seeds.mjs

import { writeFileSync } from "node:fs";
import { writeModel } from "../support/onnx-file.mjs";

const floats = (...shape) => ({
  shape,
  data: Float32Array.from(
    { length: shape.reduce((a, b) => a * b, 1) },
    (_, i) => (i % 7) / 8 - 0.4,
  ),
});
const integers = (...values) => ({
  shape: [values.length],
  data: BigInt64Array.from(values, BigInt),
});
const node = (operator, inputs, output, attributes) => ({
  operator,
  inputs,
  outputs: [output],
  attributes,
});

/** q, k, v of (batch, length, 8) tokens as 2 heads, and what is made of them; k is turned around for the product. */
const heads = (name, order) => [
  node("MatMul", ["x", `w_${name}`], `${name}_tokens`),
  node("Reshape", [`${name}_tokens`, "split"], `${name}_split`),
  node("Transpose", [`${name}_split`], name, { perm: order }),
];
const attention = (mask) => [
  ...heads("q", [0, 2, 1, 3]),
  ...heads("k", [0, 2, 3, 1]),
  ...heads("v", [0, 2, 1, 3]),
  node("MatMul", ["q", "k"], "dots"),
  node("Mul", ["dots", "scale"], "scaled"),
  ...(mask ? [node("Add", ["scaled", "mask"], "masked")] : []),
  node("Softmax", [mask ? "masked" : "scaled"], "map", { axis: -1 }),
  node("MatMul", ["map", "v"], "heads"),
  node("Transpose", ["heads"], "turned", { perm: [0, 2, 1, 3] }),
  node("Reshape", ["turned", "merge"], "y"),
];
const attentionWeights = {
  w_q: floats(8, 8),
  w_k: floats(8, 8),
  w_v: floats(8, 8),
  split: integers(0, -1, 2, 4),
  merge: integers(0, -1, 8),
  scale: { shape: [], data: Float32Array.of(0.5) },
};

const squeezeExcite = {
  inputs: { x: ["batch", 4, 3, 5] },
  outputs: { y: ["batch", 4, 3, 5] },
  weights: {
    w1: floats(2, 4, 1, 1),
    b1: floats(2),
    w2: floats(4, 2, 1, 1),
    b2: floats(4),
  },
  nodes: [
    node("GlobalAveragePool", ["x"], "mean"),
    node("Conv", ["mean", "w1", "b1"], "reduced"),
    node("Relu", ["reduced"], "hidden"),
    node("Conv", ["hidden", "w2", "b2"], "expanded"),
    node("HardSigmoid", ["expanded"], "gate"),
    node("Mul", ["x", "gate"], "y"),
  ],
};

const tokens = (nodes, weights) => ({
  inputs: { x: ["batch", "length", 8] },
  outputs: { y: ["batch", "length", 8] },
  weights,
  nodes,
});

const models = {
  squeeze_excite: squeezeExcite,
  multi_head_attention: tokens(attention(false), attentionWeights),
  masked_attention: tokens(attention(true), { ...attentionWeights, mask: floats(1, 1, 1, 1) }),
  attention: {
    opset: 23,
    inputs: { q: [1, 4, 3, 2], k: [1, 2, 5, 2], v: [1, 2, 5, 3], mask: [3, 5] },
    outputs: {
      y: [1, 4, 3, 3],
      present_k: [1, 2, 5, 2],
      present_v: [1, 2, 5, 3],
      map: [1, 4, 3, 5],
    },
    nodes: [
      {
        operator: "Attention",
        inputs: ["q", "k", "v", "mask"],
        outputs: ["y", "present_k", "present_v", "map"],
        attributes: { is_causal: 1, qk_matmul_output_mode: 3 },
      },
    ],
  },
  attention_past: {
    opset: 23,
    inputs: {
      q: [2, 3, 8],
      k: [2, 3, 4],
      v: [2, 3, 4],
      past_k: [2, 2, 4, 2],
      past_v: [2, 2, 4, 2],
    },
    outputs: { y: [2, 3, 8], present_k: [2, 2, 7, 2], present_v: [2, 2, 7, 2] },
    nodes: [
      {
        operator: "Attention",
        inputs: ["q", "k", "v", "", "past_k", "past_v"],
        outputs: ["y", "present_k", "present_v"],
        attributes: { q_num_heads: 4, kv_num_heads: 2 },
      },
    ],
  },
  rotary_embedding: {
    opset: 23,
    inputs: { x: [1, 2, 3, 4], c: [5, 2], s: [5, 2], ids: { dtype: "int64", shape: [1, 3] } },
    outputs: { y: [1, 2, 3, 4] },
    nodes: [node("RotaryEmbedding", ["x", "c", "s", "ids"], "y", { interleaved: 1 })],
  },
  rms_normalization: {
    opset: 23,
    inputs: { x: [2, 3, 4] },
    outputs: { y: [2, 3, 4] },
    weights: { scale: floats(4) },
    nodes: [node("RMSNormalization", ["x", "scale"], "y", { axis: -1 })],
  },
  lp_normalization: {
    inputs: { x: [2, 3, 4] },
    outputs: { y: [2, 3, 4] },
    nodes: [node("LpNormalization", ["x"], "y", { axis: 1, p: 1 })],
  },
  global_lp_pool: {
    inputs: { x: [2, 3, 4, 5] },
    outputs: { y: [2, 3, 1, 1] },
    nodes: [node("GlobalLpPool", ["x"], "y", { p: 2 })],
  },
};

const folder = new URL("corpus/compile/", import.meta.url);
for (const [name, model] of Object.entries(models)) {
  writeFileSync(new URL(`${name}.onnx`, folder), writeModel(model));
}
