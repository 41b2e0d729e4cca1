import { describe, expect, test } from "vitest";
import {
  detectionInput,
  detectionSize,
  directionInput,
  textInput,
} from "../../demo/src/pipeline/inputs";
import { makePixels, type Pixels } from "../../demo/src/pipeline/pixels";

function plain(width: number, height: number, colour: readonly number[]): Pixels {
  const image = makePixels(width, height);
  for (let i = 0; i < width * height; i++) image.data.set(colour, 4 * i);
  return image;
}

describe("detectionSize", () => {
  test.each([
    ["a small image keeps its size", 320, 200, 320, 192],
    ["a single pixel gets one cell of the network", 1, 1, 32, 32],
    ["a photograph is scaled to the area of the limit", 4000, 3000, 1120, 832],
    ["a long receipt keeps its letters", 600, 3000, 416, 2144],
    ["a very long one is limited in length", 20000, 50, 4096, 32],
  ])("%s: %d x %d", (_, width, height, wantedWidth, wantedHeight) => {
    const size = detectionSize({ width, height }, 960);
    expect([size.width, size.height]).toEqual([wantedWidth, wantedHeight]);
  });
});

test("detection sees blue, green, red, with the mean and deviation it was trained with", () => {
  const { data, shape } = detectionInput(plain(32, 32, [255, 0, 51, 255]), {
    width: 32,
    height: 32,
  });
  expect(shape).toEqual([1, 3, 32, 32]);
  expect(data[0]).toBeCloseTo((0.2 - 0.485) / 0.229, 4);
  expect(data[1024]).toBeCloseTo((0 - 0.456) / 0.224, 4);
  expect(data[2048]).toBeCloseTo((1 - 0.406) / 0.225, 4);
});

test("direction sees 48 x 192: a short line with zeros to its right", () => {
  const { data, shape } = directionInput(plain(40, 20, [255, 255, 255, 255]));
  expect(shape).toEqual([1, 3, 48, 192]);
  expect(data[0]).toBeCloseTo(1, 5);
  expect(data[95]).toBeGreaterThan(0.4);
  expect(data[97]).toBeLessThan(0.6);
  expect(Math.abs(data[191] as number)).toBeLessThan(0.005);
});

describe("textInput", () => {
  const width = (image: Pixels): number => textInput(image).shape[3] as number;

  test("has the width of the line's aspect ratio, at a height of 48", () => {
    expect(textInput(plain(100, 24, [0, 0, 0, 255])).shape).toEqual([1, 3, 48, 200]);
  });

  test("is neither too narrow nor too wide for the network", () => {
    expect(width(plain(2, 30, [0, 0, 0, 255]))).toBe(48);
    expect(width(plain(8000, 20, [0, 0, 0, 255]))).toBe(2560);
  });
});
