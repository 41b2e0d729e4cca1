import { describe, expect, test } from "vitest";
import { channelMap, favouredMap, type Gate, rank } from "../../demo/src/attention/gates";
import { headMatrix } from "../../demo/src/attention/self-attention";
import { paintHeat, robustRange, viridis } from "../../demo/src/ui/colour-maps";

const gate: Required<Gate> = {
  values: Float32Array.of(0.2, 1, 0),
  features: { width: 2, height: 1, data: Float32Array.of(1, 2, -3, 4, 5, 6) },
};

describe("gates", () => {
  test("are ranked from the most open one", () => {
    expect(rank(gate.values)).toEqual([1, 0, 2]);
  });

  test("a channel's map is the magnitude of its part of the features", () => {
    expect([...channelMap(gate, 1)]).toEqual([3, 4]);
  });

  test("the favoured map is the magnitude of the channels above the mean gate", () => {
    expect([...favouredMap(gate)]).toEqual([3, 4]);
  });

  test("gates that are all alike favour nothing", () => {
    expect([...favouredMap({ ...gate, values: Float32Array.of(0.5, 0.5, 0.5) })]).toEqual([0, 0]);
  });
});

test("the mean over heads, and one head", () => {
  const map = { heads: 2, steps: 1, data: Float32Array.of(0.25, 0.75) };
  expect([...headMatrix(map)]).toEqual([0.5]);
  expect([...headMatrix(map, 1)]).toEqual([0.75]);
});

describe("viridis", () => {
  const lightness = (value: number): number => {
    const [r, g, b] = viridis(value).map((c) => {
      const s = c / 255;
      return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
    }) as [number, number, number];
    return 116 * Math.cbrt(0.2126 * r + 0.7152 * g + 0.0722 * b) - 16;
  };

  test("grows lighter in even steps (CIE L*)", () => {
    const steps = Array.from({ length: 8 }, (_, i) => lightness((i + 1) / 8) - lightness(i / 8));
    for (const step of steps) {
      expect(step).toBeGreaterThan(7);
      expect(step).toBeLessThan(12);
    }
  });

  test("takes what lies outside as the ends", () => {
    expect(viridis(-1)).toEqual([0x44, 0x01, 0x54]);
    expect(viridis(2)).toEqual([0xfd, 0xe7, 0x25]);
    expect(viridis(Number.NaN)).toEqual(viridis(0));
  });
});

test("heat maps run from low to high; a flat one does not divide by zero", () => {
  const { data } = paintHeat([2, 4], 2, 1, { low: 2, high: 4, fade: true });
  expect([...data]).toEqual([0x44, 0x01, 0x54, 0, 0xfd, 0xe7, 0x25, 255]);
  expect(robustRange(new Float32Array(9).fill(3))).toEqual({ low: 3, high: 3 });
  expect(paintHeat([3], 1, 1, { low: 3, high: 3 }).data[3]).toBe(255);
});
