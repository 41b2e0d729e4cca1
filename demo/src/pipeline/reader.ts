import { type Box, findBoxes, type ProbabilityMap } from "./boxes";
import { type Character, decode } from "./ctc";
import type { Quad } from "./geometry";
import { detectionInput, detectionSize, directionInput, padForText, textInput } from "./inputs";
import { type Networks, runSingle } from "./networks";
import { cropQuad, isTall, type Pixels, rotateHalf, rotateQuarter } from "./pixels";
import { readingOrder } from "./reading-order";

/** A line of text that was read. */
export interface Line {
  text: string;
  /** The mean probability of its characters, 0..1. */
  confidence: number;
  /** Its corners in pixels of the image, clockwise from the top left one. */
  quad: Quad;
  /** Mean detection probability inside the box, 0..1. */
  boxScore: number;
  /** Whether the direction network found it upside down (the crop is already turned). */
  upsideDown: boolean;
  /** The straightened line as the recogniser saw it, but at its own resolution. */
  crop: Pixels;
  characters: Character[];
  /** Time steps of the recogniser: the crop's width is divided into as many. */
  steps: number;
  /** Milliseconds that its recognition took. */
  time: number;
}

/** Milliseconds by stage; direction and recognition are sums over the lines. */
export interface Times {
  detect: number;
  direction: number;
  recognise: number;
  total: number;
}

export interface Reading {
  lines: Line[];
  times: Times;
  /** Where the detector saw text; covers the whole image. */
  map: ProbabilityMap;
}

export interface ReadOptions {
  /** The image is searched at no more pixels than a square of this side; 960 unless told. */
  limit?: number;
  /** Lines below this confidence are dropped, 0..1; 0.5 unless told, as in PaddleOCR. */
  minConfidence?: number;
  signal?: AbortSignal;
  /** Called once when the boxes are known, in reading order. */
  onBoxes?: (boxes: readonly Box[], map: ProbabilityMap) => void;
  /** Called after each box: the line, or nothing where the box held no legible text. */
  onLine?: (index: number, line: Line | undefined) => void;
}

/** Lines are turned only when the direction network is this sure that they are upside down. */
const kUpsideDown = 0.9;

/** Finds where text is: boxes in reading order, and the probability map they come from. */
export async function detect(networks: Networks, image: Pixels, options: ReadOptions = {}) {
  const size = detectionSize(image, options.limit ?? 960);
  const { data } = await runSingle(networks.detect, detectionInput(image, size), options.signal);
  const map: ProbabilityMap = { data, ...size };
  const found = findBoxes(map, image);
  const boxes = readingOrder(found.map(({ quad }) => quad)).map((i) => found[i] as Box);
  return { boxes, map };
}

/** Reads one box of an image; `times` receives what the stages took. */
export async function readLine(
  networks: Networks,
  dictionary: readonly string[],
  image: Pixels,
  box: Box,
  times: Times,
  signal?: AbortSignal,
): Promise<Line> {
  const start = performance.now();
  const straight = cropQuad(image, box.quad);
  const upright = isTall(straight) ? rotateQuarter(straight) : straight;
  const direction = await runSingle(networks.direction, directionInput(upright), signal);
  const upsideDown = (direction.data[1] ?? 0) > kUpsideDown;
  const crop = padForText(upsideDown ? rotateHalf(upright) : upright);
  const turned = performance.now();
  const probabilities = await runSingle(networks.recognise, textInput(crop), signal);
  const decoded = decode(probabilities, dictionary);
  const time = performance.now() - turned;
  times.direction += turned - start;
  times.recognise += time;
  return { ...decoded, quad: box.quad, boxScore: box.score, upsideDown, crop, time };
}

/** Reads all text of an image. An image without text gives no lines; that is not an error. */
export async function readImage(
  networks: Networks,
  dictionary: readonly string[],
  image: Pixels,
  options: ReadOptions = {},
): Promise<Reading> {
  const start = performance.now();
  const times: Times = { detect: 0, direction: 0, recognise: 0, total: 0 };
  const { boxes, map } = await detect(networks, image, options);
  times.detect = performance.now() - start;
  options.onBoxes?.(boxes, map);
  const lines: Line[] = [];
  for (const [index, box] of boxes.entries()) {
    const line = await readLine(networks, dictionary, image, box, times, options.signal);
    const legible = line.text.trim() !== "" && line.confidence >= (options.minConfidence ?? 0.5);
    if (legible) lines.push(line);
    options.onLine?.(index, legible ? line : undefined);
  }
  times.total = performance.now() - start;
  return { lines, times, map };
}
