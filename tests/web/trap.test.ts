// What happens when the engine fails, or never ends: with an engine that does, since the real one should not.

import { describe, expect, test, vi } from "vitest";
import { kUnfinished, type RawEngine } from "../../web/src/engine/raw.ts";
import { kErrorCodes } from "../../web/src/errors.ts";

const kDescription = {
  inputs: [{ name: "x", dtype: "float32", shape: [1] }],
  outputs: [{ name: "y", dtype: "float32", shape: [1] }],
  attention: [],
  operators: [],
  tensors: [{ name: "y", id: 1 }],
  memory: { weightBytes: 0, arenaBytes: 0, plans: 0 },
};

const kText = 16;
const kWords = 512;
const kData = 128;

/** What the next engines do differently. */
let faults: Partial<RawEngine> = {};
/** What the next text is. */
let text = "";

vi.mock("heed/engine", () => ({
  buildId: "test",
  createEngine: async () => {
    const memory = new ArrayBuffer(1024);
    const leaveText = (next: string) => {
      new TextEncoder().encodeInto(`${next}\0`, new Uint8Array(memory, kText));
      return kText;
    };
    const engine: RawEngine = {
      open: () => 4,
      release: () => {},
      words: () => kWords,
      text: () => leaveText(text),
      reserve: () => 8,
      keep: () => {},
      load: () => 0,
      addRecipes: () => 0,
      addWeights: () => 0,
      adopt: () => {},
      build: () => 0,
      checkSafetensors: () => 0,
      cacheLength: () => 0,
      truncateCache: () => 0,
      describe: () => leaveText(JSON.stringify(kDescription)),
      prepare: () => 0,
      inputAddress: () => kData,
      execute: () => 0,
      results: () => {
        new Int32Array(memory, kWords).set([1, 0, kData, 4, 1, 1, 0, 0, 0]);
        return kWords;
      },
      HEAPU8: new Uint8Array(memory),
      HEAP32: new Int32Array(memory),
    };
    return Object.assign(engine, faults);
  },
}));

const { loadModelWith } = await import("../../web/src/load-model.ts");
const { Tensor } = await import("../../web/src/tensor.ts");
const module = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));

function load(next: Partial<RawEngine>) {
  faults = next;
  return loadModelWith(async () => ({ module, build: "simd128" }), "", new Uint8Array(4), {});
}

const trap = (): never => {
  throw new WebAssembly.RuntimeError("unreachable");
};
const x = new Tensor("float32", Float32Array.of(5), [1]);

describe("a trap", () => {
  test.each<[string, Partial<RawEngine>]>([
    ["while it runs", { execute: trap }],
    ["while it plans", { prepare: trap }],
    ["while its results are read", { results: trap }],
  ])("%s is an internal error, and the model is disposed of", async (_, next) => {
    const model = await load(next);
    const first = model.run({ x });
    const second = model.run({ x });
    await expect(first).rejects.toMatchObject({
      name: "HeedError",
      code: "internal",
      message: /unreachable/,
    });
    await expect(first.catch((error) => error.cause)).resolves.toBeInstanceOf(
      WebAssembly.RuntimeError,
    );
    await expect(second).rejects.toMatchObject({ code: "disposed" });
    await expect(model.run({ x })).rejects.toMatchObject({ code: "disposed" });
  });

  test("while a file is loaded is an internal error, and another load works", async () => {
    await expect(load({ load: trap })).rejects.toMatchObject({ code: "internal" });
    const model = await load({});
    expect((await model.run({ x })).outputs.y!.data).toEqual(Float32Array.of(5));
  });
});

describe("an error that the engine reports", () => {
  test("has its code and message, and the model can be used on", async () => {
    let status = 1 + kErrorCodes.indexOf("wrong-shape");
    text = "not like this\nat all";
    const model = await load({ prepare: () => status });
    await expect(model.run({ x })).rejects.toMatchObject({
      code: "wrong-shape",
      message: "not like this\nat all",
    });
    status = 0;
    expect((await model.run({ x })).outputs.y!.data).toEqual(Float32Array.of(5));
  });

  test("is out-of-memory when there is no room for the file", async () => {
    await expect(load({ reserve: () => 0 })).rejects.toMatchObject({
      code: "out-of-memory",
      message: /4 bytes/,
    });
  });
});

test("a run that was aborted does not work on", async () => {
  let slices = 0;
  const execute = (milliseconds: number) => {
    expect(milliseconds).toBeGreaterThan(0);
    slices++;
    return kUnfinished;
  };
  const model = await load({ execute });
  const controller = new AbortController();
  const running = model.run({ x }, { signal: controller.signal });
  while (slices < 5) await new Promise((resolve) => setTimeout(resolve, 1));
  controller.abort();
  await expect(running).rejects.toMatchObject({ code: "aborted" });
  const done = slices;
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(slices).toBe(done);
});
