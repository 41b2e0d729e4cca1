// What the exported files leave out, made again; runs in Node.js and in browsers. export.py says what a file's remarks hold.

import { withData } from "../../support/onnx-file.mjs";

const count = (shape) => shape.reduce((product, extent) => product * extent, 1);

/** The state dict of a case: { name: { shape, data } }. `uniform` is the counter hash's. */
export function weightsOf({ seed, weights }, uniform) {
  return Object.fromEntries(
    Object.entries(weights).map(([name, [shape, scale, offset]]) => {
      const data = uniform(`${seed}.weights.${name}`, count(shape), scale, offset);
      return [name, { shape, data }];
    }),
  );
}

/** The inputs of a case at one of its sizes: { name: { shape, data } }. */
export function inputsOf({ seed, inputs, scale }, size, uniform) {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, axes]) => {
      const shape = axes.map((axis) => size[axis] ?? axis);
      const data = uniform(`${seed}.inputs.${name}`, count(shape), scale, 0);
      return [name, { shape, data }];
    }),
  );
}

/** The file with all its data. */
export async function completed(file, { packed = {}, rotary }, weights) {
  const data = new Map(Object.entries(weights).map(([name, { data }]) => [name, data]));
  for (const [name, text] of Object.entries(packed)) data.set(name, await unpacked(text));
  if (rotary !== undefined) data.set("rotary", rotaryTable(rotary));
  return withData(file, (name) => data.get(name));
}

/** Bytes from base64 of zlib's format. */
async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** timm's table: for each position the sines, then the cosines, of dim values each. */
function rotaryTable({ length, dim, layout, base }) {
  const table = new Float32Array(length * 2 * dim);
  for (let position = 0; position < length; position++) {
    for (let i = 0; i < dim; i++) {
      const pair = layout === "half" ? i % (dim / 2) : i >> 1;
      const angle = position * base ** ((-2 * pair) / dim);
      table[position * 2 * dim + i] = Math.sin(angle);
      table[position * 2 * dim + dim + i] = Math.cos(angle);
    }
  }
  return table;
}
