import { readFileSync } from "node:fs";
import { loadModel, type Model, type RunOptions, Tensor } from "heed";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readGraph, writeModel } from "../support/onnx-file.mjs";
import { expectError, numbers } from "./expect-error.ts";
import { addOne, direction, recognition, slow } from "./models.ts";

const floats = (values: number[], shape: number[]) =>
  new Tensor("float32", Float32Array.from(values), shape);

/** Something like an image, the same every time. */
function picture(width: number): Tensor {
  const data = Float32Array.from({ length: 3 * 48 * width }, (_, i) => Math.sin(i * i));
  return new Tensor("float32", data, [1, 3, 48, width]);
}

describe.each([
  ["in this thread", false],
  ["in a worker", true],
])("a model, %s,", (_, worker) => {
  let model: Model;
  beforeAll(async () => {
    model = await loadModel(addOne, { worker });
  });
  afterAll(() => model.dispose());

  test("gives outputs that belong to the caller", async () => {
    const first = (await model.run({ x: floats([1, 2, 3], [1, 3]) })).outputs.y!;
    await model.run({ x: floats([7, 7, 7], [1, 3]) });
    expect(first).toBeInstanceOf(Tensor);
    expect(first).toMatchObject({ dtype: "float32", shape: [1, 3] });
    expect(numbers(first)).toEqual([2, 3, 4]);
  });

  test("takes any size along axes that have names", async () => {
    for (const rows of [1, 5, 2, 64, 1]) {
      const { y } = (await model.run({ x: floats(Array(rows * 3).fill(rows), [rows, 3]) })).outputs;
      expect(y!.shape).toEqual([rows, 3]);
      expect(y!.data.every((value) => value === rows + 1)).toBe(true);
    }
  });

  test("takes a part of a larger array", async () => {
    const data = Float32Array.of(9, 9, 1, 2, 3, 9).subarray(2, 5);
    const { y } = (await model.run({ x: new Tensor("float32", data, [1, 3]) })).outputs;
    expect(numbers(y!)).toEqual([2, 3, 4]);
  });

  test("takes an empty tensor", async () => {
    const { y } = (await model.run({ x: floats([], [0, 3]) })).outputs;
    expect(y).toMatchObject({ shape: [0, 3] });
    expect(y!.data).toHaveLength(0);
  });

  test("serves calls that overlap, in order", async () => {
    const order: number[] = [];
    const runs = Array.from({ length: 12 }, async (_, i) => {
      const { y } = (await model.run({ x: floats([i, i, i], [1, 3]) })).outputs;
      order.push(i);
      return y!.data[0];
    });
    expect(await Promise.all(runs)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    expect(order).toEqual(Array.from({ length: 12 }, (_, i) => i));
  });

  test("serves the calls after one that fails", async () => {
    const bad = model.run({ x: floats([1, 2], [1, 2]) });
    const good = model.run({ x: floats([1, 2, 3], [1, 3]) });
    await expectError(bad, "wrong-shape");
    expect(numbers((await good).outputs.y!)).toEqual([2, 3, 4]);
  });

  test("writes into a buffer of the caller's", async () => {
    const y = new Float32Array(3);
    const result = await model.run({ x: floats([1, 2, 3], [1, 3]) }, { into: { y } });
    expect(result.outputs.y!.data).toBe(y);
    expect(Array.from(y)).toEqual([2, 3, 4]);
  });

  test.each<[string, unknown, object, string, RegExp]>([
    ["no inputs", {}, {}, "missing-input", /"x".*float32 \[n, 3\]/],
    ["no object", 5, {}, "invalid-argument", /object/],
    ["another name", { z: floats([1], [1]) }, {}, "unknown-name", /"z".*"x"/],
    [
      "another type",
      { x: new Tensor("int32", new Int32Array(3), [1, 3]) },
      {},
      "wrong-type",
      /float32 \[n, 3\], not int32 \[1, 3\]/,
    ],
    ["no tensor", { x: new Float32Array(3) }, {}, "wrong-type", /Tensor/],
    ["null", { x: null }, {}, "wrong-type", /Tensor/],
    ["another rank", { x: floats([1, 2, 3], [3]) }, {}, "wrong-shape", /x.*\(3\).*\(n, 3\)/],
    ["another size", { x: floats([1, 2], [1, 2]) }, {}, "wrong-shape", /x.*\(1, 2\).*\(n, 3\)/],
    [
      "an unknown option",
      { x: floats([1, 2, 3], [1, 3]) },
      { thread: 1 },
      "unknown-option",
      /"thread".*"attention"/,
    ],
    [
      "an output that is none",
      { x: floats([1, 2, 3], [1, 3]) },
      { outputs: ["q"] },
      "unknown-name",
      /"q".*"y"/,
    ],
    [
      "outputs that are no list",
      { x: floats([1, 2, 3], [1, 3]) },
      { outputs: "y" },
      "invalid-argument",
      /"outputs"/,
    ],
    [
      "a block that is none",
      { x: floats([1, 2, 3], [1, 3]) },
      { attention: ["se.0"] },
      "unknown-name",
      /"se.0".*none/,
    ],
    [
      "a buffer for no output",
      { x: floats([1, 2, 3], [1, 3]) },
      { into: { x: new Float32Array(3) } },
      "unknown-name",
      /"x".*"y"/,
    ],
    [
      "a buffer that is too small",
      { x: floats([1, 2, 3], [1, 3]) },
      { into: { y: new Float32Array(2) } },
      "wrong-shape",
      /8 bytes.*12/,
    ],
    [
      "a buffer of another type",
      { x: floats([1, 2, 3], [1, 3]) },
      { into: { y: new Int32Array(3) } },
      "wrong-type",
      /Float32Array/,
    ],
    [
      "no buffer",
      { x: floats([1, 2, 3], [1, 3]) },
      { into: { y: [1, 2, 3] } },
      "wrong-type",
      /typed array/,
    ],
  ])("refuses %s, and the next call works", async (_, inputs, options, code, message) => {
    await expectError(
      model.run(inputs as Record<string, Tensor>, options as RunOptions),
      code,
      message,
    );
    expect((await model.run({ x: floats([1, 2, 3], [1, 3]) })).outputs.y!.data[0]).toBe(2);
  });

  test("says when an input needs more memory than there is, and the next call works", async () => {
    const outer = writeModel({
      inputs: { a: ["n", 1], b: [1, "n"] },
      outputs: { y: ["n", "n"] },
      nodes: [{ operator: "Mul", inputs: ["a", "b"], outputs: ["y"] }],
    });
    const product = await loadModel(outer, { worker });
    const line = (length: number) => ({
      a: floats(Array(length).fill(2), [length, 1]),
      b: floats(Array(length).fill(3), [1, length]),
    });
    await expectError(product.run(line(40000)), "out-of-memory", /tensor of more than/);
    await expectError(product.run(line(60000)), "out-of-memory", /tensor of more than/);
    expect((await product.run(line(2))).outputs.y!.data[3]).toBe(6);
    product.dispose();
  });

  test("takes and gives every type", async () => {
    const arrays = {
      float32: Float32Array.of(1.5, Number.NaN),
      float16: Uint16Array.of(0x3e00, 0xc000),
      int64: BigInt64Array.of(-1n, 2n ** 40n),
      int32: Int32Array.of(-5, 2 ** 30),
      uint8: Uint8Array.of(0, 255),
      int8: Int8Array.of(-128, 127),
      bool: Uint8Array.of(1, 0),
    };
    const declared = Object.entries(arrays).map(([dtype]) => [dtype, { dtype, shape: [2] }]);
    const identity = writeModel({
      inputs: Object.fromEntries(declared),
      outputs: Object.fromEntries(declared.map(([name, value]) => [`${name}.out`, value])),
      nodes: declared.map(([name]) => ({
        operator: "Identity",
        inputs: [name],
        outputs: [`${name}.out`],
      })),
    });
    const types = await loadModel(identity, { worker });
    const inputs = Object.entries(arrays).map(
      ([dtype, data]) =>
        [dtype, new Tensor(dtype as "float32", data as Float32Array, [2])] as const,
    );
    const { outputs } = await types.run(Object.fromEntries(inputs));
    for (const [dtype, data] of Object.entries(arrays)) {
      expect(outputs[`${dtype}.out`]).toMatchObject({ dtype, shape: [2] });
      expect(outputs[`${dtype}.out`]!.data).toEqual(data);
    }
    const two = new Tensor("bool", Uint8Array.of(2, 0), [2]);
    await expectError(
      types.run({ ...Object.fromEntries(inputs), bool: two }),
      "wrong-value",
      /"bool".*0 or 1/,
    );
    types.dispose();
  });

  test("gives inner tensors, those too that fusion would remove when they were named at loading", async () => {
    const nodes: { operator: string; outputs: string[] }[] = readGraph(
      readFileSync(direction),
    ).nodes;
    const names = nodes.flatMap(({ operator, outputs }) =>
      operator === "Constant" ? [] : outputs,
    );
    const rotation = await loadModel(direction, { worker });
    const left = names.filter((name) => rotation.info.tensors.includes(name));
    const removed = names.find((name) => !left.includes(name))!;
    expect(left.length).toBeGreaterThan(20);
    const x = picture(96);
    const { outputs } = await rotation.run({ x }, { outputs: left });
    expect(Object.keys(outputs)).toEqual(left);
    await expectError(rotation.run({ x }, { outputs: [removed] }), "unknown-name", removed, /keep/);
    rotation.dispose();
    const keeping = await loadModel(direction, { worker, keep: [removed] });
    const kept = (await keeping.run({ x }, { outputs: [removed] })).outputs[removed]!;
    expect(kept.shape).toHaveLength(4);
    keeping.dispose();
  });

  test("stops when its signal says so, and the next call works", async () => {
    const long = await loadModel(slow(256, 1200), { worker });
    const x = floats(Array(256 * 256).fill(1), [256, 256]);
    await expectError(long.run({ x }, { signal: AbortSignal.abort() }), "aborted");
    const controller = new AbortController();
    const reason = new Error("the user went away");
    const started = performance.now();
    setTimeout(() => controller.abort(reason), 20);
    const running = long.run({ x }, { signal: controller.signal });
    const waiting = long.run({ x }, { signal: controller.signal });
    await expectError(running, "aborted");
    const stopped = performance.now() - started;
    await expectError(waiting, "aborted");
    await expect(running.catch((error) => error.cause)).resolves.toBe(reason);
    const again = performance.now();
    const { outputs } = await long.run({ x }, { signal: new AbortController().signal });
    expect(outputs.y1200!.data[0]).toBeCloseTo(1, 3);
    expect(performance.now() - again).toBeGreaterThan(stopped); // it did not work on after the abort
    long.dispose();
  });

  test("gives the maps of all blocks, of some, or none", async () => {
    const rotation = await loadModel(direction, { worker });
    const x = picture(192);
    const plain = await rotation.run({ x });
    expect(plain.attention.size).toBe(0);
    const all = await rotation.run({ x }, { attention: true });
    expect([...all.attention.keys()]).toEqual(rotation.attention.map(({ id }) => id));
    for (const { id, shape } of rotation.attention) {
      const map = all.attention.get(id)!;
      expect(map.shape.slice(1)).toEqual(shape.slice(1));
      expect((map.data as Float32Array).every((value) => value >= 0 && value <= 1)).toBe(true);
    }
    const some = await rotation.run({ x }, { attention: ["se.4", "se.1", "se.4"], outputs: [] });
    expect(some.outputs).toEqual({});
    expect([...some.attention.keys()]).toEqual(["se.4", "se.1"]);
    for (const [id, map] of some.attention) expect(map).toEqual(all.attention.get(id));
    expect(all.outputs).toEqual(plain.outputs);
    rotation.dispose();
  });

  test("tells the heads of self-attention from each other", async () => {
    const reader = await loadModel(recognition, { worker });
    const ids = reader.attention.filter(({ kind }) => kind === "self").map(({ id }) => id);
    expect(ids).toHaveLength(2);
    const { attention } = await reader.run({ x: picture(64) }, { attention: ids });
    const [batch, heads, rows, columns] = attention.get(ids[0]!)!.shape;
    expect([batch, rows]).toEqual([1, columns]);
    expect(heads).toBeGreaterThan(1);
    const row = attention.get(ids[0]!)!.data.slice(0, columns) as Float32Array;
    expect(row.reduce((sum, value) => sum + value)).toBeCloseTo(1, 4);
    reader.dispose();
  });

  test("keeps its memory when many sizes were run", async () => {
    const rotation = await loadModel(direction, { worker });
    for (let width = 320; width >= 64; width -= 16) await rotation.run({ x: picture(width) });
    const { heapBytes } = rotation.info.memory;
    for (let width = 320; width >= 64; width -= 8) await rotation.run({ x: picture(width) });
    expect(rotation.info.memory.plans).toBe(8);
    expect(rotation.info.memory.heapBytes).toBeLessThan(heapBytes * 1.1);
    rotation.dispose();
  });

  test("refuses to work once it is disposed of", async () => {
    const gone = await loadModel(slow(128, 300), { worker });
    const x = floats(Array(128 * 128).fill(1), [128, 128]);
    const pending = [gone.run({ x }, { signal: new AbortController().signal }), gone.run({ x })];
    const settled = Promise.allSettled(pending);
    await new Promise((resolve) => setTimeout(resolve, 5));
    gone.dispose();
    gone.dispose();
    for (const result of await settled) {
      expect(result).toMatchObject({ status: "rejected", reason: { code: "disposed" } });
    }
    await expectError(gone.run({ x }), "disposed");
    expect(gone.inputs).toHaveLength(1);
  });

  test("can be disposed of by `using`", async () => {
    const left = await loadModel(addOne, { worker });
    left[Symbol.dispose]();
    await expectError(left.run({ x: floats([1, 2, 3], [1, 3]) }), "disposed");
  });
});
