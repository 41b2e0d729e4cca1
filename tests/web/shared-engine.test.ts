// Several sessions in one engine: each owns what it needs, and gives it back to the others.

import { readFileSync } from "node:fs";
import { beforeEach, expect, test } from "vitest";
import { build } from "../../.dev/run.mjs";
import { Engine } from "../../web/src/engine/engine.ts";
import { LocalSession } from "../../web/src/engine/local-session.ts";
import { Model } from "../../web/src/model.ts";
import { Tensor } from "../../web/src/tensor.ts";
import { writeModel } from "../support/onnx-file.mjs";

const kElements = 250_000;
const kBytes = 4 * kElements;

/** y = x + w, all w being `added`. */
const adding = (added: number): Uint8Array =>
  writeModel({
    inputs: { x: [kElements] },
    outputs: { y: [kElements] },
    weights: { w: { shape: [kElements], data: new Float32Array(kElements).fill(added) } },
    nodes: [{ operator: "Add", inputs: ["x", "w"], outputs: ["y"] }],
  });

const module = new WebAssembly.Module(readFileSync(`${build}/package/simd128.wasm`));
let engine: Engine;
beforeEach(async () => {
  engine = await Engine.create(module);
});

async function write(session: LocalSession, file: Uint8Array): Promise<void> {
  await session.reserve("", file.length);
  await session.write("", 0, file);
}

async function finish(session: LocalSession): Promise<Model> {
  const description = await session.load({ keep: [], recognize: true });
  return new Model(session, description, "simd128", false);
}

async function load(file: Uint8Array): Promise<Model> {
  const session = new LocalSession(engine, false);
  await write(session, file);
  return finish(session);
}

/** The one value that all elements of y have for x = 0.5. */
async function run(model: Model): Promise<number> {
  const x = new Tensor("float32", new Float32Array(kElements).fill(0.5), [kElements]);
  const { y } = (await model.run({ x })).outputs;
  expect(new Set(y!.data as Float32Array).size).toBe(1);
  return y!.data[0] as number;
}

const heapBytes = () => engine.call(({ HEAPU8 }) => HEAPU8.length);

test("sessions do not see each other, in whatever order they are filled, loaded and run", async () => {
  const [a, b] = [new LocalSession(engine, false), new LocalSession(engine, false)];
  await write(a, adding(1));
  await write(b, adding(2));
  const second = await finish(b);
  expect(await run(second)).toBe(2.5);
  const first = await finish(a);
  expect(await Promise.all([run(first), run(second), run(first)])).toEqual([1.5, 2.5, 1.5]);
});

test("a session that is disposed of leaves the others as they are", async () => {
  const models = await Promise.all([1, 2, 3].map((added) => load(adding(added))));
  for (const model of models) await run(model);
  models[1]!.dispose();
  await expect(run(models[1]!)).rejects.toMatchObject({ code: "disposed" });
  const fourth = await load(adding(4));
  expect([await run(models[0]!), await run(models[2]!), await run(fourth)]).toEqual([
    1.5, 3.5, 4.5,
  ]);
});

test("the next session takes the memory of one that was disposed of", async () => {
  (await load(adding(1))).dispose();
  const kept = await load(adding(2));
  expect(await run(kept)).toBe(2.5);
  const once = await load(adding(3));
  await run(once);
  once.dispose();
  const before = heapBytes();
  for (let i = 0; i < 30; i++) {
    const model = await load(adding(i));
    expect(await run(model)).toBe(i + 0.5);
    model.dispose();
  }
  expect(heapBytes() - before).toBeLessThan(kBytes);
  expect(await run(kept)).toBe(2.5);
});

test("so does one after loads that failed or were given up", async () => {
  for (let i = 0; i < 30; i++) {
    const failing = new LocalSession(engine, false);
    await write(failing, adding(1).subarray(0, kBytes));
    await expect(finish(failing)).rejects.toMatchObject({ code: "invalid-file" });
    failing.dispose();
    const unfinished = new LocalSession(engine, false);
    await write(unfinished, adding(1));
    unfinished.dispose();
  }
  expect(await run(await load(adding(1)))).toBe(1.5);
  expect(heapBytes()).toBeLessThan(8 * kBytes);
});

test("disposing twice frees once", async () => {
  const first = await load(adding(1));
  first.dispose();
  const second = await load(adding(2));
  first.dispose();
  const third = await load(adding(3));
  expect([await run(second), await run(third)]).toEqual([2.5, 3.5]);
});
