import { type Point, projection, type Quad, quadSize } from "./geometry";

/** An image: `data` holds height x width x 4 bytes (red, green, blue, alpha), as ImageData does. */
export interface Pixels {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

export const makePixels = (width: number, height: number): Pixels => ({
  data: new Uint8ClampedArray(width * height * 4),
  width,
  height,
});

/** Crops at least this much taller than wide hold text that runs downwards (as in PaddleOCR). */
const kTallRatio = 1.5;

/** Crops are not made wider than this: the recogniser would be asked for 400 characters. */
const kMaxCropWidth = 8192;

function sampleBilinear(image: Pixels, [px, py]: Point, out: Uint8ClampedArray, at: number): void {
  const x = Math.min(Math.max(px - 0.5, 0), image.width - 1);
  const y = Math.min(Math.max(py - 0.5, 0), image.height - 1);
  const [x0, y0] = [Math.floor(x), Math.floor(y)];
  const [fx, fy] = [x - x0, y - y0];
  const right = x0 + 1 < image.width ? 4 : 0;
  const below = y0 + 1 < image.height ? 4 * image.width : 0;
  const { data } = image;
  const from = 4 * (y0 * image.width + x0);
  for (let c = 0; c < 3; c++) {
    const i = from + c;
    const top = (data[i] as number) * (1 - fx) + (data[i + right] as number) * fx;
    const bottom =
      (data[i + below] as number) * (1 - fx) + (data[i + below + right] as number) * fx;
    out[at + c] = top * (1 - fy) + bottom * fy;
  }
  out[at + 3] = 255;
}

/** Straightens a quad of an image into a rectangle of its own size, by perspective. */
export function cropQuad(image: Pixels, quad: Quad): Pixels {
  const size = quadSize(quad);
  const width = Math.min(Math.max(Math.round(size.width), 1), kMaxCropWidth);
  const height = Math.max(Math.round(size.height), 1);
  const crop = makePixels(width, height);
  const toImage = projection(quad, width, height);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 4) {
      sampleBilinear(image, toImage(x + 0.5, y + 0.5), crop.data, at);
    }
  }
  return crop;
}

function rearrange(
  image: Pixels,
  width: number,
  height: number,
  from: (x: number, y: number) => number,
): Pixels {
  const out = makePixels(width, height);
  const source = new Uint32Array(
    image.data.buffer,
    image.data.byteOffset,
    image.width * image.height,
  );
  const target = new Uint32Array(out.data.buffer);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) target[at] = source[from(x, y)] as number;
  }
  return out;
}

/** Turns an image upside down. */
export const rotateHalf = (image: Pixels): Pixels =>
  rearrange(image, image.width, image.height, (x, y) => (image.height - y) * image.width - 1 - x);

/** Turns an image by a quarter, counter-clockwise. */
export const rotateQuarter = (image: Pixels): Pixels =>
  rearrange(image, image.height, image.width, (x, y) => x * image.width + image.width - 1 - y);

/** Whether a crop is so tall that its text runs downwards. */
export const isTall = (crop: Pixels): boolean => crop.height >= kTallRatio * crop.width;

/** Red, green and blue 128, opaque, as one pixel in this machine's byte order. */
const kMidGrey = new Uint32Array(Uint8Array.of(128, 128, 128, 255).buffer)[0] as number;

/** Widens an image to the right with mid-grey, which the networks' normalisation maps to zero. */
export function padRight(image: Pixels, width: number): Pixels {
  if (width <= image.width) return image;
  const out = makePixels(width, image.height);
  new Uint32Array(out.data.buffer).fill(kMidGrey);
  for (let y = 0; y < image.height; y++) {
    const row = image.data.subarray(4 * y * image.width, 4 * (y + 1) * image.width);
    out.data.set(row, 4 * y * width);
  }
  return out;
}
