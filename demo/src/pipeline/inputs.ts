import { Tensor } from "heed";
import { type Pixels, padRight } from "./pixels";

/** Width and height, in pixels. */
export interface Size {
  width: number;
  height: number;
}

const kDetectionStride = 32;
const kMaxDetectionSide = 4096;
const kTextHeight = 48;
const kDirectionWidth = 192;
const kMinTextWidth = 48;
const kMaxTextWidth = 2560;

/** PP-OCRv4 was trained on images read by OpenCV: channel order blue, green, red. */
const kDetectionNorm = {
  order: "bgr",
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
} as const;
const kTextNorm = { order: "bgr", mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] } as const;

const toStride = (side: number): number =>
  Math.max(Math.round(side / kDetectionStride), 1) * kDetectionStride;

/**
 * The size at which an image is searched for text: never enlarged, sides multiples of 32, and no
 * more pixels than a square of side `limit`. An area, not a side, is limited because it is what
 * costs time, and because a long receipt would otherwise shrink until it cannot be read.
 */
export function detectionSize(image: Size, limit: number): Size {
  const byArea = limit / Math.sqrt(image.width * image.height);
  const bySide = kMaxDetectionSide / Math.max(image.width, image.height);
  const scale = Math.min(1, byArea, bySide);
  return { width: toStride(image.width * scale), height: toStride(image.height * scale) };
}

/** The detector's input: float32 [1, 3, height, width], normalised. */
export const detectionInput = (image: Pixels, size: Size): Tensor =>
  Tensor.fromImage(image, { size, resize: "stretch", ...kDetectionNorm });

/** The direction classifier's input: float32 [1, 3, 48, 192], a short line padded with zeros. */
export function directionInput(crop: Pixels): Tensor {
  const padded = padRight(crop, Math.round((crop.height * kDirectionWidth) / kTextHeight));
  const size = { width: kDirectionWidth, height: kTextHeight };
  return Tensor.fromImage(padded, { size, resize: "stretch", ...kTextNorm });
}

/** The recogniser's input: float32 [1, 3, 48, width], the width from the line's aspect ratio. */
export function textInput(crop: Pixels): Tensor {
  const width = Math.ceil((crop.width * kTextHeight) / crop.height);
  const size = {
    width: Math.min(Math.max(width, kMinTextWidth), kMaxTextWidth),
    height: kTextHeight,
  };
  const padded = width < kMinTextWidth ? padRight(crop, crop.height) : crop;
  return Tensor.fromImage(padded, { size, resize: "stretch", ...kTextNorm });
}
