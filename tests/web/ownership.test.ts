// Memory comes back: whatever is loaded and let go leaves no growth. Run with --expose-gc.

import { loadModel, Tensor } from "heed";
import { expect, test } from "vitest";
import { addOne, direction } from "./models.ts";

const collect = (globalThis as { gc?: () => void }).gc;

/** Resident bytes once garbage is gone; memories of WebAssembly are freed after the collection that finds them. */
async function residentBytes(): Promise<number> {
  for (let i = 0; i < 4; i++) {
    collect?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return process.memoryUsage.rss();
}

const picture = () =>
  new Tensor("float32", new Float32Array(3 * 48 * 192).fill(0.1), [1, 3, 48, 192]);

/** Growth in bytes when `use` is repeated, after a few times that fill what is kept. */
async function growth(times: number, use: () => Promise<void>): Promise<number> {
  expect(collect).toBeTypeOf("function");
  for (let i = 0; i < 10; i++) await use();
  const before = await residentBytes();
  for (let i = 0; i < times; i++) await use();
  return (await residentBytes()) - before;
}

// A model of this network has 2 MB and more: 200 that stayed would be 400 MB.
const kMost = 40e6;

test("200 models that are loaded, run and disposed of", async () => {
  const grown = await growth(200, async () => {
    const model = await loadModel(direction);
    await model.run({ x: picture() }, { attention: true });
    model.dispose();
  });
  expect(grown).toBeLessThan(kMost);
});

test("200 models that are loaded, run and dropped", async () => {
  const grown = await growth(200, async () => {
    const model = await loadModel(direction);
    await model.run({ x: picture() });
  });
  expect(grown).toBeLessThan(kMost);
});

test("results that are kept do not keep the model's memory", async () => {
  const kept: Tensor[] = [];
  const grown = await growth(200, async () => {
    const model = await loadModel(direction);
    const { outputs } = await model.run({ x: picture() });
    kept.push(...Object.values(outputs));
    model.dispose();
  });
  expect(kept.every(({ data }) => data.buffer.byteLength < 1000)).toBe(true);
  expect(grown).toBeLessThan(kMost);
});

test("200 loads that fail", async () => {
  const broken = addOne.slice(0, -5);
  const filler = new Uint8Array(2e6);
  const grown = await growth(200, async () => {
    await expect(loadModel(new Blob([broken, filler] as BlobPart[]))).rejects.toThrow();
  });
  expect(grown).toBeLessThan(kMost);
});

test("40 models in workers", async () => {
  const grown = await growth(40, async () => {
    const model = await loadModel(direction, { worker: true });
    await model.run({ x: picture() });
    model.dispose();
  });
  expect(grown).toBeLessThan(kMost);
});
