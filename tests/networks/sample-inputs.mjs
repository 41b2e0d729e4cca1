// The networks' inputs, from parts of the demo's sample images.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Tensor } from "heed";
import { root } from "../../.dev/run.mjs";
import { decodeImage } from "../../demo/src/cli/decode-image.ts";
import { cropQuad } from "../../demo/src/pipeline/pixels.ts";

const images = new Map();

function image(name) {
  if (!images.has(name)) {
    images.set(name, decodeImage(readFileSync(join(root, `demo/samples/${name}.jpg`))));
  }
  return images.get(name);
}

/** Lines of the page: where they begin, how tall they are, and how far they fall per pixel. */
const kLines = [
  { left: 145, top: 115, height: 66, slope: 0.028 }, // The Keeper of Calder Point
  { left: 136, top: 500, height: 36, slope: 0.02 }, // 1904, when the keeper, Ada | ships and, in one summer,
  { left: 143, top: 193, height: 34, slope: 0.028 }, // Notes from a northern coast, chapter 6
];

const kDetection = { order: "bgr", mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const kText = { order: "bgr", mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };

function batchOf(tensors) {
  const [, ...shape] = tensors[0].shape;
  const data = new Float32Array(tensors.reduce((sum, tensor) => sum + tensor.data.length, 0));
  let at = 0;
  for (const tensor of tensors) {
    data.set(tensor.data, at);
    at += tensor.data.length;
  }
  return new Tensor("float32", data, [tensors.length, ...shape]);
}

/** The detector's input: whole images. */
export function detectionInput(height, width, batch = 1) {
  const names = ["page", "street-sign", "mixed"].slice(0, batch);
  const size = { width, height };
  return batchOf(
    names.map((name) => Tensor.fromImage(image(name), { size, resize: "stretch", ...kDetection })),
  );
}

/** The input of the other two: the left parts of lines, 48 high, of that width. */
export function lineInput(width, batch = 1) {
  const size = { width, height: 48 };
  // Beyond 640 the title is too short.
  const lines = kLines.slice(width > 640 ? 1 : 0).slice(0, batch);
  return batchOf(
    lines.map(({ left, top, height, slope }) => {
      const length = (width * height) / 48;
      const at = (x, y) => [left + x, top + y + x * slope];
      const crop = cropQuad(image("page"), [
        at(0, 0),
        at(length, 0),
        at(length, height),
        at(0, height),
      ]);
      return Tensor.fromImage(crop, { size, resize: "stretch", ...kText });
    }),
  );
}
