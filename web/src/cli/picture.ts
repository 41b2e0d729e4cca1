// Attention maps as pictures.

import { encode } from "fast-png";
import type { Tensor } from "../tensor.ts";

const kLeastSide = 256; // small maps are enlarged to about that many pixels
const kBarHeight = 96;
const kGap = 2;

/** Dark blue over green to yellow, as matplotlib's viridis in five steps. */
const kColours = [
  [68, 1, 84],
  [59, 82, 139],
  [33, 145, 140],
  [94, 201, 98],
  [253, 231, 37],
] as const;

function colour(value: number): [number, number, number] {
  const at = Math.min(Math.max(value, 0), 1) * (kColours.length - 1);
  const low = Math.min(Math.floor(at), kColours.length - 2);
  return [0, 1, 2].map((c) => {
    const from = kColours[low]![c]!;
    return Math.round(from + (kColours[low + 1]![c]! - from) * (at - low));
  }) as [number, number, number];
}

class Canvas {
  readonly data: Uint8Array;
  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.data = new Uint8Array(width * height * 3).fill(255);
  }

  fill(left: number, top: number, width: number, height: number, rgb: readonly number[]): void {
    for (let y = top; y < top + height; y++) {
      for (let x = left; x < left + width; x++) this.data.set(rgb, 3 * (y * this.width + x));
    }
  }

  png(): Uint8Array {
    const { data, width, height } = this;
    return encode({ data, width, height, channels: 3 });
  }
}

/** A PNG file: a gate as bars, one a channel; other maps as a grid of matrices (heads, images). */
export function drawMap({ data, shape }: Tensor): Uint8Array {
  const values = Array.from(data as ArrayLike<number>);
  const axes = shape.filter((extent, axis) => extent !== 1 || axis >= shape.length - 2);
  const [rows = 1, columns = 1] = axes.slice(-2);
  const isGate = rows * columns === 1 || (rows === 1 && columns === values.length);
  return isGate ? drawBars(values) : drawMatrices(values, rows, columns);
}

function drawBars(values: readonly number[]): Uint8Array {
  const bar = Math.max(1, Math.ceil(kLeastSide / Math.max(values.length, 1)));
  const canvas = new Canvas(Math.max(values.length, 1) * bar, kBarHeight);
  const top = Math.max(...values, 0) || 1;
  for (const [i, value] of values.entries()) {
    const height = Math.round((Math.max(value, 0) / top) * kBarHeight);
    canvas.fill(i * bar, kBarHeight - height, bar, height, colour(value / top));
  }
  return canvas.png();
}

function drawMatrices(values: readonly number[], rows: number, columns: number): Uint8Array {
  const count = values.length / (rows * columns);
  const across = Math.max(1, Math.ceil(Math.sqrt(count)));
  const down = Math.max(1, Math.ceil(count / across));
  const zoom = Math.max(1, Math.ceil(kLeastSide / Math.max(rows, columns)));
  const [width, height] = [columns * zoom, rows * zoom];
  const canvas = new Canvas(across * (width + kGap) - kGap, down * (height + kGap) - kGap);
  for (let matrix = 0; matrix < count; matrix++) {
    const start = matrix * rows * columns;
    const part = values.slice(start, start + rows * columns);
    const top = part.reduce((most, value) => Math.max(most, value), 0) || 1;
    const left = (matrix % across) * (width + kGap);
    const upper = Math.floor(matrix / across) * (height + kGap);
    for (const [i, value] of part.entries()) {
      const x = left + (i % columns) * zoom;
      const y = upper + Math.floor(i / columns) * zoom;
      canvas.fill(x, y, zoom, zoom, colour(value / top));
    }
  }
  return canvas.png();
}
