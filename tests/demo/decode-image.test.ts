import { encode } from "fast-png";
import jpeg from "jpeg-js";
import { describe, expect, test } from "vitest";
import { decodeImage, orientation, upright } from "../../demo/src/cli/decode-image";
import { makePixels } from "../../demo/src/pipeline/pixels";

type Png = Parameters<typeof encode>[0];

const first = (png: Partial<Png> & Pick<Png, "data" | "channels">): number[] => [
  ...decodeImage(encode({ width: 2, height: 1, depth: 8, ...png })).data,
];

describe("PNG", () => {
  test("grey", () => {
    const data = new Uint8Array([10, 200]);
    expect(first({ data, channels: 1 })).toEqual([10, 10, 10, 255, 200, 200, 200, 255]);
  });

  test("grey of 16 bits", () => {
    const data = new Uint16Array([0x0a00, 0xc8ff]);
    expect(first({ data, channels: 1, depth: 16 })).toEqual([10, 10, 10, 255, 200, 200, 200, 255]);
  });

  test("colour", () => {
    const data = new Uint8Array([1, 2, 3, 4, 5, 6]);
    expect(first({ data, channels: 3 })).toEqual([1, 2, 3, 255, 4, 5, 6, 255]);
  });

  test("what is transparent stands on white", () => {
    const data = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 255]);
    expect(first({ data, channels: 4 })).toEqual([255, 255, 255, 255, 0, 0, 0, 255]);
  });
});

/** The smallest EXIF data that says how a picture is turned. */
function tiff(little: boolean, turn: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(26));
  view.setUint16(0, little ? 0x4949 : 0x4d4d);
  view.setUint16(2, 42, little);
  view.setUint32(4, 8, little);
  view.setUint16(8, 1, little);
  view.setUint16(10, 0x0112, little);
  view.setUint16(12, 3, little);
  view.setUint32(14, 1, little);
  view.setUint16(18, turn, little);
  return new Uint8Array(view.buffer);
}

describe("JPEG", () => {
  const image = { width: 16, height: 8, data: new Uint8Array(16 * 8 * 4).fill(255) };
  for (let y = 0; y < 8; y++) image.data.fill(0, 4 * 16 * y, 4 * (16 * y + 8));
  const file = new Uint8Array(jpeg.encode(image as never, 100).data);

  test("pixels", () => {
    const { width, height, data } = decodeImage(file);
    expect([width, height]).toEqual([16, 8]);
    expect(data[0]).toBeLessThan(8);
    expect(data[4 * 15]).toBeGreaterThan(247);
  });

  test("is turned upright as its EXIF orientation says", () => {
    const exif = [...new TextEncoder().encode("Exif\0\0"), ...tiff(true, 6)];
    const segment = [0xff, 0xe1, 0, exif.length + 2, ...exif];
    const turned = decodeImage(
      new Uint8Array([...file.subarray(0, 2), ...segment, ...file.subarray(2)]),
    );
    expect([turned.width, turned.height]).toEqual([8, 16]);
    expect(turned.data[0]).toBeLessThan(8);
    expect(turned.data[4 * 8 * 15]).toBeGreaterThan(247);
  });

  test("cut short", () => {
    expect(() => decodeImage(file.subarray(0, 60))).toThrow();
  });
});

test("orientation is read in both byte orders, and 1 where there is none", () => {
  expect(orientation(tiff(true, 6))).toBe(6);
  expect(orientation(tiff(false, 3))).toBe(3);
  expect(orientation(tiff(true, 6).subarray(0, 15))).toBe(1);
  expect(orientation(new Uint8Array())).toBe(1);
});

test.each([
  [1, [0, 1, 2, 3, 4, 5]],
  [2, [2, 1, 0, 5, 4, 3]],
  [3, [5, 4, 3, 2, 1, 0]],
  [4, [3, 4, 5, 0, 1, 2]],
  [5, [0, 3, 1, 4, 2, 5]],
  [6, [3, 0, 4, 1, 5, 2]],
  [7, [5, 2, 4, 1, 3, 0]],
  [8, [2, 5, 1, 4, 0, 3]],
])("orientation %d", (turn, order) => {
  const image = makePixels(3, 2);
  for (let i = 0; i < 6; i++) image.data[4 * i] = i;
  const turned = upright(image, turn);
  expect(Array.from({ length: 6 }, (_, i) => turned.data[4 * i])).toEqual(order);
});

test("a file that is not an image is refused", () => {
  expect(() => decodeImage(new TextEncoder().encode("GIF89a"))).toThrow("not a PNG or JPEG file");
  expect(() => decodeImage(new Uint8Array())).toThrow("not a PNG or JPEG file");
});
