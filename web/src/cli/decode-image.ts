import { convertIndexedToRgb, type DecodedPng, decode as decodePng } from "fast-png";
import jpeg from "jpeg-js";
import type { Pixels } from "../image.ts";

/** Whether the bytes are a PNG or JPEG file. */
export function isImage(bytes: Uint8Array): boolean {
  return isPng(bytes) || isJpeg(bytes);
}

const isPng = (bytes: Uint8Array) => bytes[0] === 0x89 && bytes[1] === 0x50;
const isJpeg = (bytes: Uint8Array) => bytes[0] === 0xff && bytes[1] === 0xd8;

/** Decodes a PNG or JPEG file; JPEGs are turned upright as their EXIF orientation says. */
export function decodeImage(bytes: Uint8Array): Pixels {
  if (isPng(bytes)) return fromPng(decodePng(bytes));
  const image = jpeg.decode(bytes, { useTArray: true, maxMemoryUsageInMB: 2048 });
  const { exifBuffer } = image as { exifBuffer?: ArrayBuffer }; // missing in the declarations
  return upright(image, exifBuffer ? orientation(new Uint8Array(exifBuffer)) : 1);
}

/** Samples as 8 bits, one a byte, whatever the depth. */
function samplesOf({ data, depth, width, height, channels }: DecodedPng): ArrayLike<number> {
  if (depth === 8) return data;
  if (depth === 16) return Uint8Array.from(data, (value) => value >> 8);
  const rowBytes = Math.ceil((width * channels * depth) / 8);
  const top = (1 << depth) - 1;
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const bit = (i % width) * depth;
    const byte = data[Math.floor(i / width) * rowBytes + (bit >> 3)]!;
    return (((byte >> (8 - depth - (bit & 7))) & top) * 255) / top;
  });
}

function fromPng(png: DecodedPng): Pixels {
  const { width, height } = png;
  const samples = png.palette ? convertIndexedToRgb(png) : samplesOf(png);
  const channels = png.palette ? (png.palette[0]?.length ?? 3) : png.channels;
  const grey = channels < 3;
  const data = new Uint8ClampedArray(width * height * 4);
  for (let i = 0; i < width * height; i++) {
    const from = i * channels;
    for (let c = 0; c < 3; c++) data[4 * i + c] = samples[from + (grey ? 0 : c)]!;
    data[4 * i + 3] = channels % 2 === 0 ? samples[from + channels - 1]! : 255;
  }
  return { data, width, height };
}

/** The orientation, 1 to 8, that an EXIF block records. */
function orientation(exif: Uint8Array): number {
  // "Exif\0\0", of which the decoder leaves a part, then a small TIFF file.
  const start = exif.findIndex(
    (byte, i) => byte === exif[i + 1] && (byte === 0x49 || byte === 0x4d),
  );
  if (start < 0) return 1;
  const view = new DataView(exif.buffer, exif.byteOffset + start, exif.byteLength - start);
  const little = exif[start] === 0x49;
  const directory = view.byteLength >= 8 ? view.getUint32(4, little) : 0;
  if (directory < 8 || directory + 2 > view.byteLength) return 1;
  for (let i = 0; i < view.getUint16(directory, little); i++) {
    const entry = directory + 2 + 12 * i;
    if (entry + 12 > view.byteLength) break;
    if (view.getUint16(entry, little) === 0x0112) return view.getUint16(entry + 8, little);
  }
  return 1;
}

/** Undoes an EXIF orientation: from 5 on rows and columns are swapped. */
function upright(image: Pixels, turn: number): Pixels {
  if (!(turn >= 2 && turn <= 8)) return image;
  const swapped = turn >= 5;
  const width = swapped ? image.height : image.width;
  const height = swapped ? image.width : image.height;
  const fromRight = turn === 2 || turn === 3 || turn === 7 || turn === 8;
  const fromBelow = turn === 3 || turn === 4 || turn === 6 || turn === 7;
  const data = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let [column, row] = swapped ? [y, x] : [x, y];
      if (fromRight) column = image.width - 1 - column;
      if (fromBelow) row = image.height - 1 - row;
      const from = 4 * (row * image.width + column);
      for (let c = 0; c < 4; c++) data[4 * (y * width + x) + c] = image.data[from + c]!;
    }
  }
  return { data, width, height };
}
