import { HeedError, messageOf } from "./errors.ts";
import { checkOptions } from "./options.ts";

/** Pixels in memory: red, green, blue, alpha, a byte each, row by row. `ImageData` is one. */
export interface Pixels {
  readonly data: Uint8ClampedArray | Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** What `Tensor.fromImage` takes: pixels, or anything that a canvas can draw (in browsers). */
export type ImageSource =
  | Pixels
  | ImageBitmap
  | HTMLImageElement
  | HTMLCanvasElement
  | OffscreenCanvas
  | HTMLVideoElement
  | VideoFrame;

type Colour = readonly [number, number, number];

export interface ImageOptions {
  /** The tensor's size in pixels; the image's own unless told. */
  size?: { readonly width: number; readonly height: number };
  /**
   * How an image of another aspect ratio gets that size. `stretch` (the default) scales each axis on
   * its own; `contain` shows all of it, centred, with `background` around; `cover` fills the size
   * and cuts off what stands out on two sides.
   */
  resize?: "stretch" | "contain" | "cover";
  /** The order of the three channels; `rgb` unless told. */
  order?: "rgb" | "bgr";
  /** A value becomes `(value * scale - mean) / std`. 1 / 255 unless told. */
  scale?: number;
  /** One number a channel, in the tensor's order. Zeros unless told. */
  mean?: Colour;
  /** One number a channel, in the tensor's order. Ones unless told. */
  std?: Colour;
  /** Red, green, blue, 0..255: around a contained image and behind transparent pixels. White unless told. */
  background?: Colour;
}

const kOptionTypes = {
  size: "object",
  resize: "string",
  order: "string",
  scale: "number",
  mean: "object",
  std: "object",
  background: "object",
} as const;

const kMaxSide = 32768;

function invalid(message: string): HeedError {
  return new HeedError("invalid-argument", `Tensor.fromImage: ${message}`);
}

function checkColour(name: string, value: Colour): void {
  if (value.length !== 3 || !Array.from(value).every(Number.isFinite)) {
    throw invalid(`the option "${name}" must be three numbers, one a channel`);
  }
}

function checkSide(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1 || value > kMaxSide) {
    throw invalid(`size.${name} must be a whole number from 1 to ${kMaxSide}, not ${value}`);
  }
}

/** The pixels of anything that can be drawn. */
function readPixels(image: ImageSource): Pixels {
  if (typeof image !== "object" || image === null) throw invalid("the image must be an object");
  if ("data" in image) {
    const { data, width, height } = image;
    const bytes = ArrayBuffer.isView(data) && data.BYTES_PER_ELEMENT === 1;
    if (!bytes || !(width >= 1 && height >= 1) || data.length !== width * height * 4) {
      const message = `an image of ${width} x ${height} pixels needs ${width * height * 4} bytes (red, green, blue, alpha), this one has ${data?.length}`;
      throw new HeedError("invalid-image", message);
    }
    return image;
  }
  const anyImage = image as unknown as Record<string, number | undefined>;
  const side = (axis: "Width" | "Height") =>
    anyImage[`natural${axis}`] ??
    anyImage[`video${axis}`] ??
    anyImage[`display${axis}`] ??
    anyImage[axis.toLowerCase()] ??
    0;
  const width = side("Width");
  const height = side("Height");
  if (!(width >= 1 && height >= 1)) {
    const message = "the image has no pixels: it is not loaded yet, or could not be decoded";
    throw new HeedError("invalid-image", message);
  }
  try {
    return draw(image, width, height);
  } catch (cause) {
    const message = `the pixels of the image cannot be read: ${messageOf(cause)}`;
    throw new HeedError("invalid-image", message, { cause });
  }
}

function draw(image: Exclude<ImageSource, Pixels>, width: number, height: number): Pixels {
  const canvas =
    typeof OffscreenCanvas === "undefined"
      ? Object.assign(document.createElement("canvas"), { width, height })
      : new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true }) as
    | CanvasRenderingContext2D
    | OffscreenCanvasRenderingContext2D;
  context.drawImage(image as CanvasImageSource, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}

/** The pixels in front of a background; the same object when none is transparent. */
function flatten(image: Pixels, background: Colour): Pixels {
  const { data, width, height } = image;
  let opaque = true;
  for (let i = 3; opaque && i < data.length; i += 4) opaque = data[i] === 255;
  if (opaque) return image;
  const out = new Uint8ClampedArray(data);
  for (let i = 0; i < out.length; i += 4) {
    const alpha = out[i + 3]! / 255;
    for (let c = 0; c < 3; c++) out[i + c] = out[i + c]! * alpha + background[c]! * (1 - alpha);
  }
  return { data: out, width, height };
}

/**
 * Where output pixels read along one axis: `first` and `second` neighbour (in pixels) and the weight
 * of the second. Pixel centres lie at half coordinates; edges repeat.
 */
function taps(outSize: number, inSize: number, scale: number, offset: number) {
  const first = new Int32Array(outSize);
  const second = new Int32Array(outSize);
  const weight = new Float32Array(outSize);
  for (let i = 0; i < outSize; i++) {
    const at = Math.min(Math.max((i + 0.5) * scale + offset - 0.5, 0), inSize - 1);
    first[i] = Math.floor(at);
    second[i] = Math.min(first[i]! + 1, inSize - 1);
    weight[i] = at - first[i]!;
  }
  return { first, second, weight };
}

interface Placement {
  /** The rectangle of the tensor that the image covers. */
  left: number;
  top: number;
  width: number;
  height: number;
  /** Image pixels a tensor pixel, and where in the image the rectangle starts. */
  scaleX: number;
  scaleY: number;
  offsetX: number;
  offsetY: number;
}

function place(image: Pixels, width: number, height: number, resize: string): Placement {
  const scaleX = image.width / width;
  const scaleY = image.height / height;
  const whole = { left: 0, top: 0, width, height, offsetX: 0, offsetY: 0 };
  if (resize === "stretch") return { ...whole, scaleX, scaleY };
  if (resize === "cover") {
    const scale = Math.min(scaleX, scaleY);
    const offsetX = (image.width - width * scale) / 2;
    const offsetY = (image.height - height * scale) / 2;
    return { ...whole, scaleX: scale, scaleY: scale, offsetX, offsetY };
  }
  const scale = Math.max(scaleX, scaleY);
  const inner = {
    width: Math.min(width, Math.max(1, Math.round(image.width / scale))),
    height: Math.min(height, Math.max(1, Math.round(image.height / scale))),
  };
  return {
    ...inner,
    left: Math.floor((width - inner.width) / 2),
    top: Math.floor((height - inner.height) / 2),
    scaleX: image.width / inner.width,
    scaleY: image.height / inner.height,
    offsetX: 0,
    offsetY: 0,
  };
}

/** The image as three planes of `width` x `height` float32 values. */
export function imageToPlanes(source: ImageSource, options: ImageOptions) {
  checkOptions("Tensor.fromImage", options, kOptionTypes);
  const { resize = "stretch", order = "rgb", scale = 1 / 255 } = options;
  const { mean = [0, 0, 0], std = [1, 1, 1], background = [255, 255, 255] } = options;
  if (resize !== "stretch" && resize !== "contain" && resize !== "cover") {
    throw invalid(`the option "resize" must be "stretch", "contain" or "cover", not "${resize}"`);
  }
  if (order !== "rgb" && order !== "bgr") {
    throw invalid(`the option "order" must be "rgb" or "bgr", not "${order}"`);
  }
  checkColour("mean", mean);
  checkColour("std", std);
  checkColour("background", background);
  if (std.includes(0)) throw invalid('the option "std" must not have a zero');

  const image = flatten(readPixels(source), background);
  const { width, height } = options.size ?? image;
  checkSide("width", width);
  checkSide("height", height);

  const area = width * height;
  const data = new Float32Array(3 * area);
  const placement = place(image, width, height, resize);
  for (let plane = 0; plane < 3; plane++) {
    const channel = order === "rgb" ? plane : 2 - plane;
    const out = data.subarray(plane * area, (plane + 1) * area);
    const factor = scale / std[plane]!;
    const shift = -mean[plane]! / std[plane]!;
    if (placement.width < width || placement.height < height) {
      out.fill(background[channel]! * factor + shift);
    }
    resample(image, channel, placement, width, out, factor, shift);
  }
  return { data, width, height };
}

/** Bilinear sampling of one channel into the placed rectangle; each value times `factor` plus `shift`. */
function resample(
  image: Pixels,
  channel: number,
  at: Placement,
  stride: number,
  out: Float32Array,
  factor: number,
  shift: number,
): void {
  const pixels = image.data;
  const columns = taps(at.width, image.width, at.scaleX, at.offsetX);
  const rows = taps(at.height, image.height, at.scaleY, at.offsetY);
  for (let y = 0; y < at.height; y++) {
    const upper = rows.first[y]! * image.width;
    const lower = rows.second[y]! * image.width;
    const down = rows.weight[y]!;
    let to = (at.top + y) * stride + at.left;
    for (let x = 0; x < at.width; x++, to++) {
      const left = columns.first[x]!;
      const right = columns.second[x]!;
      const across = columns.weight[x]!;
      const a = pixels[(upper + left) * 4 + channel]!;
      const b = pixels[(upper + right) * 4 + channel]!;
      const c = pixels[(lower + left) * 4 + channel]!;
      const d = pixels[(lower + right) * 4 + channel]!;
      const top = a + (b - a) * across;
      const bottom = c + (d - c) * across;
      out[to] = (top + (bottom - top) * down) * factor + shift;
    }
  }
}
