import { Tensor, type TypedArrays } from "heed";
import { describe, expect, test } from "vitest";
import { copyArray } from "../../web/src/tensor.ts";
import { expectError } from "./expect-error.ts";

const kArrays: TypedArrays = {
  float32: Float32Array.of(1, 2),
  float16: Uint16Array.of(0x3c00, 0x4000),
  int64: BigInt64Array.of(1n, 2n),
  int32: Int32Array.of(1, 2),
  uint8: Uint8Array.of(1, 2),
  int8: Int8Array.of(1, 2),
  bool: Uint8Array.of(1, 0),
};

describe("a tensor", () => {
  test.each(Object.entries(kArrays))("of type %s holds its array, not a copy", (dtype, data) => {
    const tensor = new Tensor(dtype as keyof TypedArrays, data, [2, 1]);
    expect(tensor).toMatchObject({ dtype, shape: [2, 1] });
    expect(tensor.data).toBe(data);
  });

  test("keeps its shape when the given array changes", () => {
    const shape = [1, 2];
    const tensor = new Tensor("float32", new Float32Array(2), shape);
    shape[1] = 9;
    expect(tensor.shape).toEqual([1, 2]);
    expect(Object.isFrozen(tensor.shape)).toBe(true);
  });

  test("may be a scalar, or empty", () => {
    expect(new Tensor("float32", new Float32Array(1), []).shape).toEqual([]);
    expect(new Tensor("float32", new Float32Array(0), [3, 0, 2]).data).toHaveLength(0);
  });

  test("takes Uint8ClampedArray as uint8", () => {
    const pixels = new Uint8ClampedArray(3) as unknown as Uint8Array;
    expect(new Tensor("uint8", pixels, [3]).data).toBe(pixels);
  });
});

describe("a tensor is refused", () => {
  const make = (dtype: unknown, data: unknown, shape: unknown) => () =>
    new Tensor(dtype as "float32", data as Float32Array, shape as number[]);

  test.each([
    [
      "a type that does not exist",
      "float64",
      new Float64Array(1),
      [1],
      "wrong-type",
      /float64.*float32/,
    ],
    ["a name of Object's", "toString", new Float32Array(1), [1], "wrong-type", /toString/],
    [
      "another array",
      "float32",
      new Float64Array(1),
      [1],
      "wrong-type",
      /float32.*Float32Array.*Float64Array/,
    ],
    ["int64 in an Int32Array", "int64", new Int32Array(1), [1], "wrong-type", /BigInt64Array/],
    ["a plain array", "float32", [1], [1], "wrong-type", /Float32Array/],
    ["no data", "float32", undefined, [1], "wrong-type", /Undefined/],
    ["too few elements", "float32", new Float32Array(5), [2, 3], "wrong-shape", /\[2,3\].*6.*5/],
    ["no shape", "float32", new Float32Array(1), undefined, "wrong-shape", /array of numbers/],
    ["a negative extent", "float32", new Float32Array(1), [-1, -1], "wrong-shape", /-1,-1/],
    ["half an element", "float32", new Float32Array(1), [0.5, 2], "wrong-shape", /0.5/],
    ["NaN as an extent", "float32", new Float32Array(1), [Number.NaN], "wrong-shape", /NaN/],
    [
      "nine axes",
      "float32",
      new Float32Array(1),
      [1, 1, 1, 1, 1, 1, 1, 1, 1],
      "wrong-shape",
      /8 axes/,
    ],
    ["2^31 elements", "float32", new Float32Array(1), [65536, 32768], "wrong-shape", /2\^31/],
    [
      "an extent of 2^32 beside a 0",
      "float32",
      new Float32Array(0),
      [2 ** 32, 0],
      "wrong-shape",
      /2\^31/,
    ],
  ])("with %s", async (_, dtype, data, shape, code, message) => {
    await expectError(make(dtype, data, shape), code, message);
  });
});

test.each([0, 4, 9])("elements are copied out of a memory from byte %i", (at) => {
  const memory = new Uint8Array(64);
  memory.set(new Uint8Array(BigInt64Array.of(7n, -2n).buffer), at);
  const copy = copyArray("int64", memory, at, 16);
  memory.fill(1);
  expect(copy).toEqual(BigInt64Array.of(7n, -2n));
  expect(copy.buffer.byteLength).toBe(16);
});
