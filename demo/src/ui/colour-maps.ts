import { makePixels, type Pixels } from "../pipeline/pixels";

type Colour = readonly [red: number, green: number, blue: number];

const parse = (stops: string): Colour[] =>
  stops.split(" ").map((hex) => {
    const value = Number.parseInt(hex, 16);
    return [value >> 16, (value >> 8) & 255, value & 255];
  });

/** Nine samples of viridis (Smith and van der Walt, 2015): even steps in lightness and hue. */
const kStops = parse("440154 472d7b 3b528b 2c728e 21918c 28ae80 5ec962 addc30 fde725");

/** The colour of a value in 0..1, perceptually uniform: twice the difference looks twice as far. */
export function viridis(value: number): Colour {
  const at = Math.min(Math.max(Number.isNaN(value) ? 0 : value, 0), 1) * (kStops.length - 1);
  const i = Math.min(Math.floor(at), kStops.length - 2);
  const [a, b] = [kStops[i] as Colour, kStops[i + 1] as Colour];
  const mix = (c: 0 | 1 | 2): number => Math.round(a[c] + (b[c] - a[c]) * (at - i));
  return [mix(0), mix(1), mix(2)];
}

/** The map at 256 steps, as pixels in this machine's byte order, with an alpha for each step. */
const palette = (alpha: (step: number) => number): Uint32Array => {
  const bytes = Array.from({ length: 256 }, (_, step) => [...viridis(step / 255), alpha(step)]);
  return new Uint32Array(Uint8Array.from(bytes.flat()).buffer);
};
const kOpaque = palette(() => 255);
const kFading = palette((step) => Math.min(255, 2 * step));

export interface HeatOptions {
  low: number;
  high: number;
  /** Whether low values let what lies below shine through. */
  fade?: boolean;
}

/** Paints height x width values as pixels, from `low` (dark) to `high` (bright). */
export function paintHeat(
  data: ArrayLike<number>,
  width: number,
  height: number,
  { low, high, fade = false }: HeatOptions,
): Pixels {
  const out = makePixels(width, height);
  const pixels = new Uint32Array(out.data.buffer);
  const colours = fade ? kFading : kOpaque;
  const scale = 255 / (high - low || 1);
  for (let i = 0; i < pixels.length; i++) {
    const value = ((data[i] as number) - low) * scale;
    pixels[i] = colours[Math.min(Math.max(value, 0), 255) | 0] as number;
  }
  return out;
}

/** Puts pixels onto a canvas of exactly their size; CSS stretches it. */
export function putPixels(canvas: HTMLCanvasElement, { data, width, height }: Pixels): void {
  canvas.width = width;
  canvas.height = height;
  canvas
    .getContext("2d")
    ?.putImageData(new ImageData(new Uint8ClampedArray(data), width, height), 0, 0);
}

/** The range that shows a feature map best: without its most extreme hundredth on each side. */
export function robustRange(data: Float32Array): { low: number; high: number } {
  const step = Math.max(1, Math.floor(data.length / 20_000));
  const sample = Float32Array.from(
    { length: Math.ceil(data.length / step) },
    (_, i) => data[i * step] as number,
  );
  sample.sort();
  const at = (share: number): number => sample[Math.round(share * (sample.length - 1))] ?? 0;
  const [low, high] = [at(0.01), at(0.99)];
  return high > low ? { low, high } : { low: at(0), high: at(1) };
}
