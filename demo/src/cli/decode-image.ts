import { convertIndexedToRgb, type DecodedPng, decode as decodePng } from "fast-png";
import jpeg from "jpeg-js";
import { makePixels, type Pixels, rotateHalf, rotateQuarter } from "../pipeline/pixels";

/** What jpeg-js gives: its types leave the EXIF data out. */
type Jpeg = ReturnType<typeof jpeg.decode> & { exifBuffer?: ArrayLike<number> | undefined };

const startsWith = (bytes: Uint8Array, ...magic: number[]): boolean =>
  magic.every((value, i) => bytes[i] === value);

/** Decodes a PNG or JPEG file to 8-bit pixels on white, upright as its EXIF orientation says. */
export function decodeImage(bytes: Uint8Array): Pixels {
  if (startsWith(bytes, 0x89, 0x50, 0x4e, 0x47)) return fromPng(decodePng(bytes));
  if (startsWith(bytes, 0xff, 0xd8)) {
    return fromJpeg(bytes);
  }
  throw new Error("not a PNG or JPEG file");
}

function fromJpeg(bytes: Uint8Array): Pixels {
  const options = { maxMemoryUsageInMB: 2048, maxResolutionInMP: 200 };
  const image: Jpeg = jpeg.decode(bytes, options);
  const data = new Uint8ClampedArray(image.data);
  // the buffer starts with the second of the two zeros that end the word "Exif"
  const turn = image.exifBuffer ? orientation(new Uint8Array(image.exifBuffer).subarray(1)) : 1;
  return upright({ data, width: image.width, height: image.height }, turn);
}

/** Samples of a row-packed PNG as 8-bit values, whatever its bit depth. */
function toBytes({ data, depth, width, height, channels }: DecodedPng): Uint8Array {
  if (depth === 16) return Uint8Array.from(data, (value) => value >> 8);
  if (depth === 8) return data as Uint8Array;
  const rowBytes = Math.ceil((width * channels * depth) / 8);
  const top = (1 << depth) - 1;
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const bit = (i % width) * depth;
    const byte = data[Math.floor(i / width) * rowBytes + (bit >> 3)] as number;
    return (((byte >> (8 - depth - (bit & 7))) & top) * 255) / top;
  });
}

function fromPng(png: DecodedPng): Pixels {
  const samples = png.palette ? convertIndexedToRgb(png) : toBytes(png);
  const channels = png.palette ? (png.palette[0]?.length ?? 3) : png.channels;
  const out = makePixels(png.width, png.height);
  const colours = channels >= 3 ? 3 : 1;
  for (let i = 0; i < png.width * png.height; i++) {
    const at = i * channels;
    const alpha = channels === colours ? 1 : (samples[at + colours] as number) / 255;
    for (let c = 0; c < 3; c++) {
      const value = samples[at + Math.min(c, colours - 1)] as number;
      out.data[4 * i + c] = value * alpha + 255 * (1 - alpha);
    }
    out.data[4 * i + 3] = 255;
  }
  return out;
}

/** The orientation (1 to 8) that EXIF data, a little TIFF file, records; 1 where it does not. */
export function orientation(tiff: Uint8Array): number {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  if (view.byteLength < 8) return 1;
  const little = view.getUint16(0) === 0x4949;
  const directory = view.getUint32(4, little);
  if (directory + 2 > view.byteLength) return 1;
  const entries = view.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const at = directory + 2 + 12 * i;
    if (at + 12 > view.byteLength) return 1;
    if (view.getUint16(at, little) === 0x0112) return view.getUint16(at + 8, little);
  }
  return 1;
}

function mirror({ data, width, height }: Pixels): Pixels {
  const out = makePixels(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = 4 * (y * width + width - 1 - x);
      out.data.set(data.subarray(from, from + 4), 4 * (y * width + x));
    }
  }
  return out;
}

/** Undoes an EXIF orientation. */
export function upright(image: Pixels, turn: number): Pixels {
  const steps: Record<number, ((image: Pixels) => Pixels)[]> = {
    2: [mirror],
    3: [rotateHalf],
    4: [rotateHalf, mirror],
    5: [rotateQuarter, rotateHalf, mirror],
    6: [rotateQuarter, rotateHalf],
    7: [rotateQuarter, mirror],
    8: [rotateQuarter],
  };
  return (steps[turn] ?? []).reduce((pixels, step) => step(pixels), image);
}
