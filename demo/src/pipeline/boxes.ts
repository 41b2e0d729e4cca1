import { Clipper, EndType, JoinType } from "clipper2-ts";
import { contours } from "d3-contour";
import {
  areaPerLength,
  bounds,
  minimalRectangle,
  orderCorners,
  type Point,
  type Quad,
  quadSize,
} from "./geometry";
import type { Size } from "./inputs";

/** A map of the probability that a pixel belongs to text: height x width values in 0..1. */
export interface ProbabilityMap extends Size {
  readonly data: Float32Array;
}

/** A detected line of text: where it is, in pixels of the image, and how sure the network is. */
export interface Box {
  quad: Quad;
  score: number;
}

const kBinarize = 0.3;
const kMinScore = 0.6;
const kUnclipRatio = 1.5;
const kMinKernelSide = 3;
const kMinBoxSide = 5;
const kMinImageSide = 3;

/** The mean probability inside a convex quad: of the pixels whose centres lie in it. */
export function meanInside(map: ProbabilityMap, quad: Quad): number {
  const box = bounds(quad);
  const top = Math.max(Math.ceil(box.top - 0.5), 0);
  const bottom = Math.min(Math.floor(box.bottom - 0.5), map.height - 1);
  let [sum, count] = [0, 0];
  for (let y = top; y <= bottom; y++) {
    const [from, to] = crossing(quad, y + 0.5);
    const right = Math.min(Math.floor(to - 0.5), map.width - 1);
    for (let x = Math.max(Math.ceil(from - 0.5), 0); x <= right; x++) {
      sum += map.data[y * map.width + x] as number;
      count++;
    }
  }
  return count ? sum / count : 0;
}

/** Where a horizontal line enters and leaves a convex quad. */
function crossing(quad: Quad, y: number): [number, number] {
  let [from, to] = [Infinity, -Infinity];
  for (let i = 0; i < 4; i++) {
    const [ax, ay] = quad[i] as Point;
    const [bx, by] = quad[(i + 1) % 4] as Point;
    if (ay > y === by > y) continue;
    const x = ax + ((y - ay) / (by - ay)) * (bx - ax);
    from = Math.min(from, x);
    to = Math.max(to, x);
  }
  return [from, to];
}

/** Grows a shrunken text kernel back to the text: the network learnt kernels shrunk that way. */
function unclip(kernel: Quad): Quad | undefined {
  const path = kernel.map(([x, y]) => ({ x, y }));
  const delta = areaPerLength(kernel) * kUnclipRatio;
  const [grown] = Clipper.inflatePathsD([path], delta, JoinType.Round, EndType.Polygon, 2, 3);
  return grown && minimalRectangle(grown.map(({ x, y }): Point => [x, y]));
}

const shortSide = (quad: Quad): number => Math.min(quadSize(quad).width, quadSize(quad).height);

/**
 * Lines of text from a probability map, by the post-processing of differentiable binarization
 * (Liao et al., 2020, arXiv:1911.08947; PaddleOCR's DBPostProcess): threshold 0.3, a minimal
 * rectangle around each contour, mean probability at least 0.6, grown by 1.5 area / perimeter.
 */
export function findBoxes(map: ProbabilityMap, image: Size): Box[] {
  const regions = contours()
    .size([map.width, map.height])
    .contour(map.data as unknown as number[], kBinarize);
  const [scaleX, scaleY] = [image.width / map.width, image.height / map.height];
  const toImage = ([x, y]: Point): Point => [
    Math.min(Math.max(x * scaleX, 0), image.width),
    Math.min(Math.max(y * scaleY, 0), image.height),
  ];
  const boxes: Box[] = [];
  for (const [outline] of regions.coordinates) {
    const kernel = minimalRectangle(outline as unknown as Point[]);
    if (!kernel || shortSide(kernel) < kMinKernelSide) continue;
    const score = meanInside(map, kernel);
    if (score < kMinScore) continue;
    const grown = unclip(kernel);
    if (!grown || shortSide(grown) < kMinBoxSide) continue;
    const quad = orderCorners(grown.map(toImage));
    if (shortSide(quad) > kMinImageSide) boxes.push({ quad, score });
  }
  return boxes;
}
