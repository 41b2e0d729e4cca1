// From files to input tensors.

import { readFile } from "node:fs/promises";
import type { TensorInfo } from "../engine/session.ts";
import { HeedError, messageOf, quoted } from "../errors.ts";
import type { ImageOptions } from "../image.ts";
import type { Model } from "../model.ts";
import { type DType, makeArray, Tensor, type TypedArray } from "../tensor.ts";
import { decodeImage, isImage } from "./decode-image.ts";
import { readNpy } from "./npy.ts";

/** A mistake in the command itself. */
export class UsageError extends Error {}

/** Splits "NAME=VALUE"; without a name it is the model's only input. */
function splitName(model: Model, option: string, text: string): [name: string, value: string] {
  const names = model.inputs.map(({ name }) => name);
  const known = names.find((name) => text.startsWith(`${name}=`));
  if (known !== undefined) return [known, text.slice(known.length + 1)];
  if (names.length === 1 && !text.includes("=")) return [names[0]!, text];
  throw new UsageError(
    `${option} needs NAME=..., NAME one of the model's inputs ${quoted(names)}: ${text}`,
  );
}

/** The inputs that `--input NAME=FILE` options give. */
export async function readInputs(
  model: Model,
  options: readonly string[],
  image: ImageOptions,
): Promise<Record<string, Tensor>> {
  const inputs: Record<string, Tensor> = {};
  for (const option of options) {
    const [name, file] = splitName(model, "--input", option);
    const info = model.inputs.find((input) => input.name === name)!;
    inputs[name] = await readTensor(info, file, image);
  }
  return inputs;
}

async function readTensor(info: TensorInfo, file: string, image: ImageOptions): Promise<Tensor> {
  try {
    const bytes = await readFile(file);
    if (isImage(bytes)) return imageTensor(info, bytes, image);
    if (bytes[0] === 0x93) return readNpy(bytes);
    if (/\.json$/i.test(file)) return jsonTensor(info.dtype, JSON.parse(bytes.toString("utf8")));
  } catch (cause) {
    if (cause instanceof HeedError) throw new HeedError(cause.code, `${file}: ${cause.message}`);
    throw new HeedError("invalid-argument", `${file}: ${messageOf(cause)}`, { cause });
  }
  const message = `${file}: inputs come from PNG, JPEG, NumPy (.npy) or JSON files`;
  throw new HeedError("invalid-argument", message);
}

function imageTensor({ shape }: TensorInfo, bytes: Uint8Array, options: ImageOptions): Tensor {
  const [, , height, width] = shape ?? [];
  const fixed =
    typeof width === "number" && typeof height === "number" ? { size: { width, height } } : {};
  let pixels: ReturnType<typeof decodeImage>;
  try {
    pixels = decodeImage(bytes);
  } catch (cause) {
    throw new HeedError("invalid-image", `it cannot be decoded: ${messageOf(cause)}`, { cause });
  }
  return Tensor.fromImage(pixels, { ...fixed, ...options });
}

type Nested = number | boolean | Nested[];

/** Nested arrays of numbers, or { shape, data } with a flat one. */
function jsonTensor(dtype: DType, json: Nested | { shape: number[]; data: number[] }): Tensor {
  if (typeof json === "object" && !Array.isArray(json)) {
    return new Tensor(dtype, toArray(dtype, json.data), json.shape);
  }
  const shape: number[] = [];
  for (let level: Nested | undefined = json; Array.isArray(level); level = level[0]) {
    shape.push(level.length);
  }
  return new Tensor(dtype, toArray(dtype, flatten(json)), shape);
}

const flatten = (json: Nested): number[] =>
  Array.isArray(json) ? json.flatMap(flatten) : [json as number];

function toArray(dtype: DType, values: readonly number[]): TypedArray {
  if (!values.every((value) => typeof value === "number" || typeof value === "boolean")) {
    throw new Error("its elements must be numbers");
  }
  if (dtype === "float16") throw new Error("float16 inputs come from NumPy files");
  const array = makeArray(dtype, values.length);
  for (const [i, value] of values.entries()) {
    array[i] = (dtype === "int64" ? BigInt(value) : Number(value)) as never;
  }
  return array;
}

/**
 * Inputs of the shapes that `--shape NAME=1x3x640x640` options and the model give, with values from -1
 * to 1; undefined when a shape is not known.
 */
export function makeInputs(
  model: Model,
  options: readonly string[],
): Record<string, Tensor> | undefined {
  const given = new Map(
    options.map((option) => {
      const [name, text] = splitName(model, "--shape", option);
      if (!/^\d+(x\d+)*$/.test(text)) {
        throw new UsageError(`--shape needs extents such as 1x3x640x640, not ${text}`);
      }
      return [name, text.split("x").map(Number)];
    }),
  );
  const inputs: Record<string, Tensor> = {};
  for (const { name, dtype, shape } of model.inputs) {
    const extents = given.get(name) ?? shape;
    if (!extents?.every((extent) => typeof extent === "number")) return undefined;
    const array = makeArray(
      dtype,
      extents.reduce((product, extent) => product * extent, 1),
    );
    // Zeros elsewhere: an integer input may be an index into something small.
    if (dtype === "float32") for (let i = 0; i < array.length; i++) array[i] = Math.sin(i) as never;
    inputs[name] = new Tensor(dtype, array, extents);
  }
  return inputs;
}
