// How fast a network could be: its arithmetic at the rates that kernels of its kinds reach on the reference machine, one core.
// The products run at the build's ceiling; depthwise convolution at 15 GFLOP/s; transcendental functions take 1 ns an element;
// what neither folds into weights nor rides in the epilogue of its producer is a pass over memory of 0.25 ns an element.

import { readGraph, withAllOutputs } from "../support/onnx-file.mjs";

/** GFLOP/s of the product's micro kernel, for each build of the engine: DESIGN.md "How fast". */
export const kCeiling = { simd128: 43, relaxed: 59 };
const kDepthwiseRate = 15;
const kTranscendental = 1;
const kPass = 0.25;

const kTranscendentals = new Set(["Sigmoid", "Tanh", "Exp", "Log", "Erf", "Gelu", "Softmax"]);
/** Views, and what folds into the weights of the convolution before it. */
const kFree = new Set(
  "Reshape Flatten Squeeze Unsqueeze Identity Dropout Constant Shape Cast BatchNormalization".split(
    " ",
  ),
);
const kProducts = new Set(["Conv", "ConvTranspose", "MatMul", "Gemm"]);
const kElementWise = new Set(
  "Add Sub Mul Div Relu LeakyRelu PRelu Clip HardSigmoid HardSwish Sigmoid Tanh Exp Log Erf Gelu Sqrt Pow".split(
    " ",
  ),
);

const count = (shape) => shape.reduce((product, extent) => product * extent, 1);

/** Multiply-accumulates of a product, and whether it is a depthwise convolution. */
function productOf({ operator, inputs, outputs, attributes }, shapeOf) {
  const [left, right, out] = [shapeOf(inputs[0]), shapeOf(inputs[1]), shapeOf(outputs[0])];
  switch (operator) {
    case "Conv":
      return {
        macs: count(out) * count(right.slice(1)),
        depthwise: right[1] === 1 && (attributes.group ?? 1) > 1,
      };
    case "ConvTranspose":
      return { macs: count(left) * count(right.slice(1)), depthwise: false };
    case "Gemm":
      return { macs: count(out) * left[attributes.transA ? 0 : 1], depthwise: false };
    default:
      return { macs: count(out) * left.at(-1), depthwise: false };
  }
}

/**
 * The work in a file for the given inputs, from the shapes that ONNX Runtime finds for every tensor:
 * { product, depthwise } in multiply-accumulates, { transcendental, passed } in elements.
 */
export async function workOf(file, feeds, ort) {
  const { nodes, initializers } = readGraph(file);
  const session = await ort.InferenceSession.create(withAllOutputs(file), {
    graphOptimizationLevel: "disabled",
  });
  const results = await session.run(feeds);
  const shapes = new Map(initializers);
  for (const [name, { dims }] of Object.entries({ ...feeds, ...results })) shapes.set(name, dims);
  const shapeOf = (name) => shapes.get(name);
  const constant = new Set(initializers.keys());
  const work = { product: 0, depthwise: 0, transcendental: 0, passed: 0 };

  for (const node of nodes) {
    const varying = node.inputs.filter((name) => name !== "" && !constant.has(name));
    if (varying.length === 0) for (const name of node.outputs) constant.add(name);
    const type = results[node.outputs[0]]?.type;
    if (varying.length === 0 || kFree.has(node.operator) || type !== "float32") continue;
    const elements = count(shapeOf(node.outputs[0]));
    if (kProducts.has(node.operator)) {
      const { macs, depthwise } = productOf(node, shapeOf);
      work[depthwise ? "depthwise" : "product"] += macs;
      continue;
    }
    if (kTranscendentals.has(node.operator)) work.transcendental += elements;
    const inEpilogue = varying.every((name) => count(shapeOf(name)) === elements);
    if (kElementWise.has(node.operator) && inEpilogue) continue;
    work.passed += Math.max(elements, ...varying.map((name) => count(shapeOf(name))));
  }
  await session.release();
  for (const result of Object.values(results)) result.dispose();
  return work;
}

/** Milliseconds that the work takes at best in that build. */
export function floorOf({ product, depthwise, transcendental, passed }, build) {
  const nanoseconds =
    (2 * product) / kCeiling[build] +
    (2 * depthwise) / kDepthwiseRate +
    transcendental * kTranscendental +
    passed * kPass;
  return nanoseconds / 1e6;
}
