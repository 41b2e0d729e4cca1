import { describe, expect, test } from "vitest";
import { makeDelta } from "../../.dev/delta.mjs";
import { applyDelta } from "../../web/src/delta.ts";

/** Bytes that look like code: few values, many repetitions. */
function bytes(length: number, seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return (state >> 16) % 7;
  });
}

describe("the delta from the simd128 module to the relaxed one", () => {
  const base = bytes(5000, 1);
  const edited = Uint8Array.from([
    ...base.subarray(0, 1000),
    9,
    9,
    9,
    ...base.subarray(1010, 4000),
    ...base.subarray(500, 900),
  ]);

  test.each([
    ["the same bytes", base, base],
    ["replaced, removed and moved bytes", base, edited],
    [
      "bytes that have nothing in common",
      base,
      Uint8Array.from({ length: 300 }, (_, i) => 100 + (i % 100)),
    ],
    ["an empty target", base, new Uint8Array(0)],
    ["an empty base", new Uint8Array(0), edited],
    ["less than a window", base, base.subarray(0, 3)],
  ])("gives back %s", (_, from, to) => {
    expect(applyDelta(from, makeDelta(from, to))).toEqual(new Uint8Array(to));
  });

  test("is small where little differs", () => {
    expect(makeDelta(base, edited).length).toBeLessThan(40);
  });

  test("that is cut short, or made for another base, is a RangeError", () => {
    const delta = makeDelta(base, edited);
    for (let length = 0; length < delta.length; length++) {
      expect(() => applyDelta(base, delta.subarray(0, length))).toThrow(RangeError);
    }
    expect(() => applyDelta(base.subarray(0, 100), delta)).toThrow(RangeError);
  });
});
