// Single operators as models of one node: what `npm run bench -- kernels` runs.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeModel } from "../support/onnx-file.mjs";

const count = (shape) => shape.reduce((product, extent) => product * extent, 1);

/** Values that repeat with every start, around zero. */
function noise(length, scale) {
  let state = 1;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 31 - 1) * scale;
  });
}

/** Channels to channels of a kernel x kernel convolution over side x side pixels. */
function convolution(title, { from, to, side, kernel, stride = 1, group = 1 }) {
  const out = Math.ceil(side / stride);
  const pad = (kernel - 1) >> 1;
  const shape = [to, from / group, kernel, kernel];
  const attributes = {
    group,
    kernel_shape: [kernel, kernel],
    pads: [pad, pad, pad, pad],
    strides: [stride, stride],
  };
  return {
    title,
    input: [1, from, side, side],
    output: [1, to, out, out],
    weights: { w: { shape, data: noise(count(shape), 1 / Math.sqrt(count(shape.slice(1)))) } },
    nodes: [{ operator: "Conv", inputs: ["x", "w"], outputs: ["y"], attributes }],
    flop: 2 * to * out * out * count(shape.slice(1)),
  };
}

function product(rows, inner, columns) {
  const shape = [inner, columns];
  return {
    title: `MatMul ${rows}x${inner}x${columns}`,
    input: [rows, inner],
    output: [rows, columns],
    weights: { w: { shape, data: noise(count(shape), 1 / Math.sqrt(inner)) } },
    nodes: [{ operator: "MatMul", inputs: ["x", "w"], outputs: ["y"] }],
    flop: 2 * rows * inner * columns,
  };
}

function unary(operator, shape, attributes) {
  return {
    title: `${operator} ${shape.join("x")}`,
    input: shape,
    output: shape,
    nodes: [{ operator, inputs: ["x"], outputs: ["y"], attributes }],
  };
}

const depthwise = (channels, side, kernel, stride = 1) =>
  convolution(`depthwise ${kernel}x${kernel} C=${channels} @${side}${stride > 1 ? " /2" : ""}`, {
    ...{ from: channels, to: channels, group: channels },
    ...{ side, kernel, stride },
  });

const kKernels = [
  product(256, 256, 256),
  product(512, 512, 512),
  product(197, 384, 1152),
  product(1, 384, 1536),
  convolution("conv 1x1 96->24 @56", { from: 96, to: 24, side: 56, kernel: 1 }),
  convolution("conv 1x1 320->1280 @7", { from: 320, to: 1280, side: 7, kernel: 1 }),
  convolution("conv 3x3 64->64 @56", { from: 64, to: 64, side: 56, kernel: 3 }),
  convolution("conv 3x3 512->512 @7", { from: 512, to: 512, side: 7, kernel: 3 }),
  convolution("conv 3x3 3->32 @224 /2", { from: 3, to: 32, side: 224, kernel: 3, stride: 2 }),
  depthwise(96, 112, 3),
  depthwise(384, 14, 3),
  depthwise(144, 56, 3, 2),
  depthwise(240, 28, 5),
  depthwise(96, 56, 7),
  unary("Relu", [1, 96, 56, 56]),
  unary("Sigmoid", [1, 96, 56, 56]),
  unary("Tanh", [1, 96, 56, 56]),
  unary("Erf", [1, 96, 56, 56]),
  unary("Softmax", [6, 197, 197], { axis: -1 }),
];

/** The models, written to a folder, and their work: { task, work: { flop } or { elements } }. */
export function kernelTasks(folder) {
  mkdirSync(folder, { recursive: true });
  return kKernels.map(({ title, input, output, weights, nodes, flop }, i) => {
    const file = join(folder, `kernel-${i}.onnx`);
    writeFileSync(
      file,
      writeModel({ inputs: { x: input }, outputs: { y: output }, weights, nodes }),
    );
    const bytes = noise(count(input), 128).map((value) => value + 128);
    const planes = Buffer.from(Uint8Array.from(bytes)).toString("base64");
    const work = flop === undefined ? { elements: count(output) } : { flop };
    return { task: { title, file, input: "x", shape: input, planes }, work };
  });
}
