import { describe, expect, test } from "vitest";
import type { Quad } from "../../demo/src/pipeline/geometry";
import {
  cropQuad,
  isTall,
  makePixels,
  type Pixels,
  padRight,
  rotateHalf,
  rotateQuarter,
} from "../../demo/src/pipeline/pixels";

/** An image whose red is the pixel's column and whose green is its row. */
function ramp(width: number, height: number): Pixels {
  const image = makePixels(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) image.data.set([x, y, 7, 255], 4 * (y * width + x));
  }
  return image;
}

const at = (image: Pixels, x: number, y: number): number[] => [
  ...image.data.subarray(4 * (y * image.width + x), 4 * (y * image.width + x) + 4),
];

describe("cropQuad", () => {
  test("cuts an upright rectangle out exactly", () => {
    const quad: Quad = [
      [10, 20],
      [40, 20],
      [40, 30],
      [10, 30],
    ];
    const crop = cropQuad(ramp(100, 50), quad);
    expect([crop.width, crop.height]).toEqual([30, 10]);
    expect(at(crop, 0, 0)).toEqual([10, 20, 7, 255]);
    expect(at(crop, 29, 9)).toEqual([39, 29, 7, 255]);
  });

  test("straightens a line that was turned by a right angle", () => {
    const quad: Quad = [
      [40, 10],
      [40, 40],
      [30, 40],
      [30, 10],
    ];
    const crop = cropQuad(ramp(100, 50), quad);
    expect([crop.width, crop.height]).toEqual([30, 10]);
    expect(at(crop, 0, 0)).toEqual([39, 10, 7, 255]);
    expect(at(crop, 29, 0)).toEqual([39, 39, 7, 255]);
  });

  test("repeats the edge where a quad leaves the image, and never has no pixels", () => {
    const quad: Quad = [
      [-5, -5],
      [3, -5],
      [3, 3],
      [-5, 3],
    ];
    expect(at(cropQuad(ramp(100, 50), quad), 0, 0)).toEqual([0, 0, 7, 255]);
    const point: Quad = [
      [1, 1],
      [1, 1],
      [1, 1],
      [1, 1],
    ];
    const crop = cropQuad(ramp(4, 4), point);
    expect([crop.width, crop.height]).toEqual([1, 1]);
  });
});

test("turns: half and quarter, counter-clockwise", () => {
  const image = ramp(5, 3);
  expect(at(rotateHalf(image), 0, 0)).toEqual([4, 2, 7, 255]);
  const quarter = rotateQuarter(image);
  expect([quarter.width, quarter.height]).toEqual([3, 5]);
  expect(at(quarter, 0, 0)).toEqual([4, 0, 7, 255]);
  expect(at(quarter, 2, 4)).toEqual([0, 2, 7, 255]);
  const around = rotateQuarter(rotateQuarter(rotateQuarter(quarter)));
  expect(around.data).toEqual(image.data);
});

test("a crop is tall from 1.5 times its width on", () => {
  expect(isTall(makePixels(10, 15))).toBe(true);
  expect(isTall(makePixels(10, 14))).toBe(false);
});

test("padRight keeps the image and adds mid-grey", () => {
  const padded = padRight(ramp(2, 2), 4);
  expect(padded.width).toBe(4);
  expect(at(padded, 1, 1)).toEqual([1, 1, 7, 255]);
  expect(at(padded, 2, 1)).toEqual([128, 128, 128, 255]);
  expect(padRight(padded, 3)).toBe(padded);
});
