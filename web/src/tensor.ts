import { HeedError, quoted } from "./errors.ts";
import { type ImageOptions, type ImageSource, imageToPlanes } from "./image.ts";

/** The typed array that holds the elements of each type. */
export interface TypedArrays {
  float32: Float32Array;
  /** IEEE half precision; its bits, or numbers where the platform has Float16Array. */
  float16: Uint16Array;
  int64: BigInt64Array;
  int32: Int32Array;
  uint8: Uint8Array;
  int8: Int8Array;
  /** 0 or 1 a byte. */
  bool: Uint8Array;
}

/** Element types of tensors. */
export type DType = keyof TypedArrays;

/** Any array that can hold a tensor's elements. */
export type TypedArray = TypedArrays[DType];

const kArrays = {
  float32: Float32Array,
  float16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  int8: Int8Array,
  bool: Uint8Array,
} as const;

/** The types' names, in the order of base/dtype.h. */
export const kDTypes = /* @__PURE__ */ Object.keys(kArrays) as DType[];

const kMaxRank = 8;
const kMaxElements = 2 ** 31;

/** A new array for `length` elements, or a view of the elements of `buffer`. */
export function makeArray(dtype: DType, buffer: ArrayBuffer | number): TypedArray {
  return new kArrays[dtype](buffer as ArrayBuffer);
}

/** A new array with the elements in `bytes` bytes of `memory`. */
export function copyArray(dtype: DType, memory: Uint8Array, at: number, bytes: number): TypedArray {
  const Elements = kArrays[dtype];
  const size = Elements.BYTES_PER_ELEMENT;
  const buffer = memory.buffer as ArrayBuffer;
  // A small array made by its own `slice` has no buffer before someone asks for it, which saves microseconds.
  if (at % size === 0) return new Elements(buffer, at, bytes / size).slice();
  return makeArray(dtype, buffer.slice(at, at + bytes));
}

/** Whether an array is of the kind that holds elements of that type. */
function holds(dtype: DType, data: unknown): boolean {
  if (data instanceof kArrays[dtype]) return true;
  // By name, so that arrays from another realm (an iframe, a test runner's sandbox) are taken too.
  const name = Object.prototype.toString.call(data).slice(8, -1);
  if (dtype === "float16" && name === "Float16Array") return true;
  if (dtype === "uint8" && name === "Uint8ClampedArray") return true;
  return name === kArrays[dtype].name;
}

/** Throws unless `data` is an array for elements of `dtype`; `what` names it in the message. */
export function checkArray(dtype: DType, data: unknown, what: string): void {
  if (holds(dtype, data)) return;
  const got = Object.prototype.toString.call(data).slice(8, -1);
  const wanted = kArrays[dtype].name;
  throw new HeedError("wrong-type", `${what} of type ${dtype} needs a ${wanted}, not a ${got}`);
}

function checkShape(shape: readonly number[]): number {
  if (!Array.isArray(shape)) {
    throw new HeedError("wrong-shape", "a tensor's shape must be an array of numbers");
  }
  if (shape.length > kMaxRank) {
    const message = `a tensor has at most ${kMaxRank} axes, this shape has ${shape.length}`;
    throw new HeedError("wrong-shape", message);
  }
  for (const extent of shape) {
    if (!Number.isInteger(extent) || extent < 0 || extent >= kMaxElements) {
      const message = `a shape consists of whole numbers from 0 to 2^31 - 1, [${shape}] does not`;
      throw new HeedError("wrong-shape", message);
    }
  }
  const count = shape.reduce((product, extent) => product * extent, 1);
  if (count >= kMaxElements) {
    const message = `a tensor has fewer than 2^31 elements, [${shape}] are ${count}`;
    throw new HeedError("wrong-shape", message);
  }
  return count;
}

/** An n-dimensional array: a type, elements in row-major order, and a shape. */
export class Tensor<T extends DType = DType> {
  readonly dtype: T;
  /** The elements, not copied. */
  readonly data: TypedArrays[T];
  readonly shape: readonly number[];

  /**
   * @throws HeedError `wrong-type` when `data` is not the array that `dtype` needs, `wrong-shape`
   * when the shape is none or does not have as many elements as `data`.
   */
  constructor(dtype: T, data: TypedArrays[T], shape: readonly number[]) {
    if (!Object.hasOwn(kArrays, dtype)) {
      throw new HeedError(
        "wrong-type",
        `no type is called "${dtype}"; there are ${quoted(kDTypes)}`,
      );
    }
    checkArray(dtype, data, "a tensor");
    const count = checkShape(shape);
    if (data.length !== count) {
      const message = `the shape [${shape}] has ${count} elements, the data has ${data.length}`;
      throw new HeedError("wrong-shape", message);
    }
    this.dtype = dtype;
    this.data = data;
    this.shape = Object.freeze([...shape]);
  }

  /**
   * The float32 tensor [1, 3, height, width] that image networks take: resized (half-pixel bilinear,
   * as OpenCV and PyTorch without antialiasing), and each value `(value * scale - mean) / std`.
   * @throws HeedError `invalid-image` when the image has no pixels (not loaded, could not be decoded).
   */
  static fromImage(image: ImageSource, options: ImageOptions = {}): Tensor<"float32"> {
    const { data, width, height } = imageToPlanes(image, options);
    return new Tensor("float32", data, [1, 3, height, width]);
  }
}
