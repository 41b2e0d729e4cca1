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

/** A line as the direction classifier sees it: a short one padded to the aspect ratio it takes. */
export const padForDirection = (crop: Pixels): Pixels =>
  padRight(crop, Math.round((crop.height * kDirectionWidth) / kTextHeight));

/** The direction classifier's input: float32 [1, 3, 48, 192]. */
export const directionInput = (crop: Pixels): Tensor =>
  Tensor.fromImage(padForDirection(crop), {
    size: { width: kDirectionWidth, height: kTextHeight },
    resize: "stretch",
    ...kTextNorm,
  });

/** A line as the recogniser sees it: padded where it is narrower than the network's least width. */
export const padForText = (crop: Pixels): Pixels =>
  padRight(crop, Math.ceil((crop.height * kMinTextWidth) / kTextHeight));

/** The recogniser's input: float32 [1, 3, 48, width], the width from the line's aspect ratio. */
export function textInput(crop: Pixels): Tensor {
  const padded = padForText(crop);
  const width = Math.ceil((padded.width * kTextHeight) / padded.height);
  const size = { width: Math.min(width, kMaxTextWidth), height: kTextHeight };
  return Tensor.fromImage(padded, { size, resize: "stretch", ...kTextNorm });
}
