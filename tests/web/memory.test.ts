// What happens when memory runs out: with the engine's own module, allowed 4 MB of it.

import { readFileSync } from "node:fs";
import { loadModel, Tensor } from "heed";
import { describe, expect, test } from "vitest";
import { build } from "../../.dev/run.mjs";
import { writeModel } from "../support/onnx-file.mjs";
import { expectError, numbers } from "./expect-error.ts";
import { addOne } from "./models.ts";

const kPages = 64;
const kMemorySection = 5;

/** The module with another maximum of its memory, whose section is: count 1, flags 1, minimum, maximum. */
function withMaximum(module: Uint8Array, pages: number): Uint8Array {
  const bytes = Uint8Array.from(module);
  let at = 8;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  for (;;) {
    const section = bytes[at++];
    const length = number();
    if (section === kMemorySection) break;
    at += length;
  }
  expect([number(), number()]).toEqual([1, 1]);
  expect(number()).toBeLessThan(pages);
  const start = at;
  expect(number()).toBe(65536);
  expect(at - start).toBe(3);
  bytes.set([128 + (pages & 127), 128 + (pages >> 7), 0], start);
  return bytes;
}

const wasm = new WebAssembly.Module(
  withMaximum(readFileSync(`${build}/package/simd128.wasm`), kPages) as BufferSource,
);
const ones = (rows: number) => new Tensor("float32", new Float32Array(rows * 3).fill(1), [rows, 3]);

describe.each([
  ["in this thread", false],
  ["in a worker", true],
])("out of memory, %s,", (_, worker) => {
  test("while the file is copied: an error, and the next load works", async () => {
    const data = new Float32Array(1 << 20);
    const weights = { w: { shape: [1 << 20], data } };
    const nodes = [{ operator: "Add", inputs: ["x", "w"], outputs: ["y"] }];
    const large = writeModel({ inputs: { x: [1] }, outputs: { y: ["n"] }, weights, nodes });
    await expectError(loadModel(large, { wasm, worker }), "out-of-memory");
    (await loadModel(addOne, { wasm, worker })).dispose();
  });

  test("while the file is read, in the middle of an allocation: likewise", async () => {
    const count = 20000;
    const nodes = Array.from({ length: count }, (_, i) => ({
      operator: "Relu",
      inputs: [i === 0 ? "x" : `y${i}`],
      outputs: [`y${i + 1}`],
    }));
    const shapes = { inputs: { x: [1] }, outputs: { [`y${count}`]: [1] } };
    const many = writeModel({ ...shapes, nodes });
    expect(many.length).toBeLessThan(1 << 20);
    await expectError(loadModel(many, { wasm, worker }), "out-of-memory", /read the ONNX file/);
    (await loadModel(addOne, { wasm, worker })).dispose();
  });

  test("while a run is prepared: an error, and the next run of the model works", async () => {
    const model = await loadModel(addOne, { wasm, worker });
    for (const rows of [1, 1 << 20, 2]) {
      const running = model.run({ x: ones(rows) });
      if (rows > 2) await expectError(running, "out-of-memory");
      else expect(numbers((await running).outputs.y!)).toEqual(Array(rows * 3).fill(2));
    }
    model.dispose();
  });
});
