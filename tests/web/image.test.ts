import { type ImageOptions, Tensor } from "heed";
import { describe, expect, test } from "vitest";
import { expectError } from "./expect-error.ts";

/** An image whose red, green and blue are given by functions of the position. */
function image(width: number, height: number, at: (x: number, y: number) => number[]) {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) data.set([...at(x, y), 255].slice(0, 4), 4 * (y * width + x));
  }
  return { data, width, height };
}

const plane = (tensor: Tensor, channel: number): number[] => {
  const area = tensor.shape[2]! * tensor.shape[3]!;
  return Array.from(tensor.data as Float32Array).slice(channel * area, (channel + 1) * area);
};

const raw: ImageOptions = { scale: 1 };

describe("Tensor.fromImage", () => {
  test("gives planes of the channels, from 0 to 1, at the image's own size", () => {
    const tensor = Tensor.fromImage(image(3, 2, (x, y) => [x * 51, y * 51, 255]));
    expect(tensor).toMatchObject({ dtype: "float32", shape: [1, 3, 2, 3] });
    expect(plane(tensor, 0).map((v) => v.toFixed(4))).toEqual(
      [0, 0.2, 0.4, 0, 0.2, 0.4].map((v) => v.toFixed(4)),
    );
    expect(plane(tensor, 2)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  test("can put blue first; mean and std are in the tensor's order", () => {
    const options = { order: "bgr", scale: 1, mean: [1, 2, 3], std: [10, 20, 40] } as const;
    const tensor = Tensor.fromImage(
      image(1, 1, () => [43, 82, 101]),
      options,
    );
    expect(Array.from(tensor.data)).toEqual([10, 4, 1]);
  });

  // Expected values: torch.nn.functional.interpolate(mode="bilinear", align_corners=False) by hand,
  // source = (target + 0.5) * in / out - 0.5, clamped.
  test.each([
    ["enlarges", 2, 4, [0, 20, 60, 80]],
    ["reduces without antialiasing", 4, 2, [40, 200]],
    ["reduces by an odd ratio", 3, 2, [20, 140]],
    ["spreads one pixel", 1, 3, [0, 0, 0]],
  ])("%s with pixel centres at halves", (_, from, to, expected) => {
    const size = { width: to, height: 1 };
    const tensor = Tensor.fromImage(
      image(from, 1, (x) => [x * 80, 0, 0]),
      { ...raw, size },
    );
    expect(plane(tensor, 0)).toEqual(expected);
    const upright = Tensor.fromImage(
      image(1, from, (_, y) => [y * 80, 0, 0]),
      {
        ...raw,
        size: { width: 1, height: to },
      },
    );
    expect(plane(upright, 0)).toEqual(expected);
  });

  test("contains: all of the image, centred, and background around", () => {
    const tensor = Tensor.fromImage(
      image(4, 2, () => [10, 20, 30]),
      {
        ...raw,
        size: { width: 4, height: 4 },
        resize: "contain",
        background: [1, 2, 3],
      },
    );
    const row = (value: number) => Array(4).fill(value);
    expect(plane(tensor, 0)).toEqual([...row(1), ...row(10), ...row(10), ...row(1)]);
    expect(plane(tensor, 2)).toEqual([...row(3), ...row(30), ...row(30), ...row(3)]);
  });

  test("the background is normalised like a pixel, in the tensor's order", () => {
    const options = { order: "bgr", resize: "contain", background: [9, 0, 0] } as const;
    const size = { width: 1, height: 3 };
    const tensor = Tensor.fromImage(
      image(1, 1, () => [0, 0, 0]),
      {
        ...{ ...options, size, scale: 1, mean: [0, 0, 1], std: [1, 1, 2] },
      },
    );
    expect(plane(tensor, 2)).toEqual([4, -0.5, 4]);
  });

  test("covers: fills the size, and cuts off two sides evenly", () => {
    const size = { width: 2, height: 2 };
    const wide = Tensor.fromImage(
      image(6, 2, (x) => [x * 10, 0, 0]),
      { ...raw, size, resize: "cover" },
    );
    expect(plane(wide, 0)).toEqual([20, 30, 20, 30]);
    const tall = Tensor.fromImage(
      image(2, 6, (_, y) => [y * 10, 0, 0]),
      { ...raw, size, resize: "cover" },
    );
    expect(plane(tall, 0)).toEqual([20, 20, 30, 30]);
  });

  test("shows the background, white unless told, through transparent pixels", () => {
    const glass = { data: Uint8ClampedArray.of(100, 100, 100, 51), width: 1, height: 1 };
    expect(plane(Tensor.fromImage(glass, raw), 0)).toEqual([224]);
    expect(plane(Tensor.fromImage(glass, { ...raw, background: [0, 0, 0] }), 0)).toEqual([20]);
    expect(glass.data[0]).toBe(100);
  });

  test.each([
    [1, 1],
    [20000, 50],
    [1, 30000],
  ])("takes an image of %i x %i", (width, height) => {
    const size = { width: 32, height: 32 };
    for (const resize of ["stretch", "contain", "cover"] as const) {
      const tensor = Tensor.fromImage(
        image(width, height, () => [7, 7, 7]),
        { ...raw, size, resize },
      );
      expect(tensor.shape).toEqual([1, 3, 32, 32]);
      expect(plane(tensor, 1)).toContain(7);
      expect(tensor.data.every((value) => value === 7 || value === 255)).toBe(true);
    }
  });
});

describe("Tensor.fromImage refuses", () => {
  const pixel = image(1, 1, () => [0, 0, 0]);

  test.each([
    ["an unknown option", { colour: "rgb" }, "unknown-option", /"colour".*"order"/],
    ["a resize that does not exist", { resize: "fill" }, "invalid-argument", /"contain"/],
    ["an order that does not exist", { order: "gbr" }, "invalid-argument", /"bgr"/],
    ["two means", { mean: [0, 0] }, "invalid-argument", /"mean".*three/],
    ["a std of 0", { std: [1, 0, 1] }, "invalid-argument", /"std".*zero/],
    ["a size of 0", { size: { width: 0, height: 5 } }, "invalid-argument", /size\.width.*0/],
    ["half a pixel", { size: { width: 5, height: 0.5 } }, "invalid-argument", /size\.height/],
    ["a huge size", { size: { width: 1e9, height: 1 } }, "invalid-argument", /32768/],
    ["options that are none", null, "invalid-argument", /object/],
  ])("%s", async (_, options, code, message) => {
    await expectError(() => Tensor.fromImage(pixel, options as ImageOptions), code, message);
  });

  test.each([
    ["nothing", null, "invalid-argument", /object/],
    [
      "pixels that are too few",
      { data: new Uint8ClampedArray(3), width: 1, height: 1 },
      "invalid-image",
      /4 bytes.*3/,
    ],
    [
      "an image of no pixels",
      { data: new Uint8ClampedArray(0), width: 0, height: 4 },
      "invalid-image",
      /0 x 4/,
    ],
    ["floats", { data: new Float32Array(4), width: 1, height: 1 }, "invalid-image", /4 bytes/],
    [
      "a picture that did not load",
      { naturalWidth: 0, naturalHeight: 0, width: 20, height: 20 },
      "invalid-image",
      /decoded/,
    ],
  ])("%s", async (_, source, code, message) => {
    await expectError(() => Tensor.fromImage(source as never), code, message);
  });
});
