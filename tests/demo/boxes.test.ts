import { describe, expect, test } from "vitest";
import {
  type Box,
  findBoxes,
  meanInside,
  type ProbabilityMap,
} from "../../demo/src/pipeline/boxes";
import { type Quad, quadSize } from "../../demo/src/pipeline/geometry";

interface Blob {
  x: number;
  y: number;
  width: number;
  height: number;
  value: number;
}

function mapOf(...blobs: Blob[]): ProbabilityMap {
  const map = { data: new Float32Array(160 * 96), width: 160, height: 96 };
  for (const { x, y, width, height, value } of blobs) {
    for (let j = y; j < y + height; j++) map.data.fill(value, j * 160 + x, j * 160 + x + width);
  }
  return map;
}

const blob = (change: Partial<Blob> = {}): Blob => ({
  x: 40,
  y: 30,
  width: 60,
  height: 12,
  value: 0.9,
  ...change,
});

describe("findBoxes", () => {
  test("grows a kernel on all sides by 1.5 area / perimeter", () => {
    const [box, ...more] = findBoxes(mapOf(blob()), { width: 160, height: 96 });
    expect(more).toEqual([]);
    const { width, height } = quadSize(box?.quad as Quad);
    // the contour at 0.3 runs a sixth of a pixel outside the outermost pixels' centres
    const [kernelWidth, kernelHeight] = [60, 12].map((side) => side - 1 + 2 * (1 - 0.3 / 0.9)) as [
      number,
      number,
    ];
    const grown = (1.5 * kernelWidth * kernelHeight) / (2 * (kernelWidth + kernelHeight));
    expect(width).toBeGreaterThan(kernelWidth + 2 * grown - 0.3);
    expect(width).toBeLessThan(kernelWidth + 2 * grown + 0.3);
    expect(height).toBeGreaterThan(kernelHeight + 2 * grown - 0.3);
    expect(height).toBeLessThan(kernelHeight + 2 * grown + 0.3);
  });

  test("gives quads in pixels of the image, whatever the map's size", () => {
    const [small] = findBoxes(mapOf(blob()), { width: 160, height: 96 });
    const [large] = findBoxes(mapOf(blob()), { width: 320, height: 288 });
    for (const i of [0, 1, 2, 3] as const) {
      expect(large?.quad[i][0]).toBeCloseTo((small?.quad[i][0] as number) * 2, 4);
      expect(large?.quad[i][1]).toBeCloseTo((small?.quad[i][1] as number) * 3, 4);
    }
  });

  test("keeps two lines apart", () => {
    const two = mapOf(blob({ y: 20 }), blob({ y: 60 }));
    expect(findBoxes(two, { width: 160, height: 96 })).toHaveLength(2);
  });

  test.each([
    ["unsure ones", blob({ value: 0.5 })],
    ["thin ones", blob({ height: 2 })],
    ["ones below the threshold", blob({ value: 0.29 })],
  ])("drops %s", (_, dropped) => {
    expect(findBoxes(mapOf(dropped), { width: 160, height: 96 })).toEqual([]);
  });

  test("finds nothing in an empty map", () => {
    expect(findBoxes(mapOf(), { width: 1, height: 1 })).toEqual([]);
  });

  test("clips boxes to the image", () => {
    const [box] = findBoxes(mapOf(blob({ x: 0, y: 0 })), { width: 160, height: 96 });
    for (const [x, y] of (box as Box).quad) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(y).toBeGreaterThanOrEqual(0);
    }
  });
});

test("meanInside averages the pixels whose centres lie in the quad", () => {
  const map = mapOf(blob({ x: 0, y: 0, width: 4, height: 4, value: 1 }));
  const quad = (right: number): Quad => [
    [0, 0],
    [right, 0],
    [right, 4],
    [0, 4],
  ];
  expect(meanInside(map, quad(4))).toBeCloseTo(1, 6);
  expect(meanInside(map, quad(8))).toBeCloseTo(0.5, 6);
});
