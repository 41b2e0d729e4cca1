// Layers without weights: what their seeds do, alone, in parts and in networks.

import {
  ChannelAttention,
  HeedError,
  HybridAttention,
  type Layer,
  LayerSession,
  loadSafetensors,
  Network,
  Residual,
  Sequential,
  Tensor,
} from "heed/layers";
import { afterEach, beforeEach, expect, test } from "vitest";

let session: LayerSession;
beforeEach(async () => {
  session = await LayerSession.create();
});
afterEach(() => session.dispose());

const x = new Tensor("float32", new Float32Array(16).fill(1), [1, 4, 2, 2]);
const gate = (seed?: number) =>
  ChannelAttention.of({ channels: 4, ...(seed !== undefined && { seed }) });
const valuesOf = (made: Layer | Network) => [...(made.forward(x).output.data as Float32Array)];

test.each([Sequential, Residual, HybridAttention])(
  "the seed of a $kind is that of its parts",
  async (kind) => {
    const made = async (seed?: number, own?: number) =>
      valuesOf(
        await kind.create({
          parts: { a: gate(own) },
          session,
          ...(seed !== undefined && { seed }),
        }),
      );
    const first = await made(1);
    expect(await made(1)).toEqual(first);
    expect(await made(2)).not.toEqual(first);
    expect(await made(undefined)).toEqual(await made(0));
    // A part's own seed comes first.
    expect(await made(2, 1)).toEqual(first);
    // Parts at other places have other weights, and the second is not seeded by the first.
    const both = valuesOf(await kind.create({ parts: { a: gate(1), b: gate() }, session }));
    const swapped = valuesOf(await kind.create({ parts: { a: gate(), b: gate(1) }, session }));
    expect(both).not.toEqual(swapped);
  },
);

test("the seed of a network is that of all its layers", async () => {
  const made = async (seed?: number, own?: number) => {
    const part = { ...gate(own), at: "gate" };
    const options = { session, ...(seed !== undefined && { seed }) };
    return valuesOf(
      await Network.create((g) => g.apply(part, g.input("x", [1, 4, 2, 2])), options),
    );
  };
  expect(await made(1)).not.toEqual(await made(2));
  expect(await made(undefined)).toEqual(await made(0));
  expect(await made(2, 1)).toEqual(await made(1));
});

test.each([-1, 0.5, 1e12])("a seed of %d is refused, also beside weights", async (seed) => {
  const weights = { "fc.weight": new Tensor("float32", new Float32Array(16), [4, 4, 1, 1]) };
  for (const options of [{ channels: 4 }, { weights }]) {
    const failure = await ChannelAttention.create({ ...options, seed, session }).catch((e) => e);
    expect(failure).toBeInstanceOf(HeedError);
    expect([failure.code, failure.message]).toEqual([
      "wrong-value",
      expect.stringContaining("seed"),
    ]);
  }
});

test("loadSafetensors has no options but its own", async () => {
  for (const [options, code] of [
    [{ sesion: session }, "unknown-option"],
    [{ session: 3 }, "invalid-argument"],
    [null, "invalid-argument"],
  ] as const) {
    const failure = await loadSafetensors(new Uint8Array(8), options as never).catch((e) => e);
    expect([failure instanceof HeedError, failure.code]).toEqual([true, code]);
  }
});

test("an input can be an output, and one value two of them", async () => {
  const network = await Network.create(
    (g) => {
      const given = g.input("x", [1, 4, 2, 2]);
      const y = g.apply(gate(), given);
      return { same: given, y, again: y };
    },
    { session },
  );
  const { outputs } = network.forward({ x });
  expect(Object.keys(outputs)).toEqual(["same", "y", "again"]);
  expect(outputs.same!.data).toEqual(x.data);
  expect(outputs.again!.data).toEqual(outputs.y!.data);
  expect(outputs.y!.data).not.toEqual(x.data);
});
