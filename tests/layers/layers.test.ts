// What layers are to their users: weights, parts, sessions, caches, errors.

import {
  Activation,
  CBAM,
  ChannelAttention,
  Conv1d,
  ECA,
  HeedError,
  HybridAttention,
  Layer,
  LayerSession,
  loadSafetensors,
  Network,
  Residual,
  Sequential,
  SqueezeExcite,
  Tensor,
  Weights,
} from "heed/layers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { uniform } from "../support/counter-hash.ts";
import { difference, readFixtures } from "../support/fixtures.ts";

let session: LayerSession;
beforeEach(async () => {
  session = await LayerSession.create();
});
afterEach(() => session.dispose());

const random = (name: string, shape: number[]) =>
  new Tensor(
    "float32",
    uniform(
      name,
      shape.reduce((a, b) => a * b, 1),
      1,
      0,
    ),
    shape,
  );

async function failureOf(promise: Promise<unknown>): Promise<HeedError> {
  const failure = await promise.then(
    () => undefined,
    (error) => error,
  );
  expect(failure).toBeInstanceOf(HeedError);
  return failure;
}

/** A safetensors file of float32 tensors. */
function safetensors(tensors: Record<string, Tensor>): Uint8Array {
  const header: Record<string, object> = {};
  let end = 0;
  for (const [name, { data, shape }] of Object.entries(tensors)) {
    header[name] = { dtype: "F32", shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  const text = new TextEncoder().encode(
    JSON.stringify({ __metadata__: { format: "pt" }, ...header }),
  );
  const file = new Uint8Array(8 + text.length + end);
  new DataView(file.buffer).setUint32(0, text.length, true);
  file.set(text, 8);
  let at = 8 + text.length;
  for (const { data } of Object.values(tensors)) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

const squeezeExcite = () =>
  readFixtures("squeeze_excite").find(({ dialect }) => dialect === "timm")!;

test("weights come from a safetensors file, under a prefix", async () => {
  const { weights, inputs, outputs, maps } = squeezeExcite();
  const prefixed = Object.entries(weights).map(([name, value]) => [`layer1.0.se.${name}`, value]);
  const file = safetensors({ ...Object.fromEntries(prefixed), other: random("o", [3]) });
  const loaded = await loadSafetensors(file);
  expect(loaded.names.sort()).toEqual([...prefixed.map(([name]) => name), "other"].sort());
  expect(loaded.shape("other")).toEqual([3]);
  const own = loaded.under("layer1").under("0.se");
  expect(own.names.sort()).toEqual(Object.keys(weights).sort());
  const layer = await SqueezeExcite.create({ weights: own, session });
  const { output, attention } = layer.forward(inputs.x!, { attention: true });
  expect(difference(output, outputs.output!)).toBe("");
  expect(difference(attention, maps.attention!)).toBe("");
  expect(() => loaded.under("layer2")).toThrow(/layer2/);
});

test("half and brain floats are widened", async () => {
  const bytes = new Uint8Array(8 + 200);
  const text = `{"conv.weight":{"dtype":"BF16","shape":[1,1,3],"data_offsets":[0,6]}}`;
  bytes.set(new TextEncoder().encode(text), 8);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  const file = bytes.slice(0, 8 + text.length + 6);
  file.set(new Uint8Array(Uint16Array.of(0x3f00, 0x3f80, 0xbf00).buffer), 8 + text.length); // 0.5, 1, -0.5
  const half = await ECA.create({ weights: await loadSafetensors(file), session });
  const plain = await ECA.create({
    weights: { "conv.weight": new Tensor("float32", Float32Array.of(0.5, 1, -0.5), [1, 1, 3]) },
    session,
  });
  const x = random("x", [1, 8, 3, 3]);
  expect(half.forward(x).output.data).toEqual(plain.forward(x).output.data);
});

test("a file that is cut at any byte is an error, and the next one loads", async () => {
  const file = safetensors({ a: random("a", [2, 3]), b: random("b", [1]) });
  for (let length = 0; length < file.length; length++) {
    const failure = await failureOf(loadSafetensors(file.slice(0, length)));
    expect(failure.code, `${length} bytes`).toBe("invalid-weights");
  }
  const longer = new Uint8Array(file.length + 1);
  longer.set(file);
  expect((await failureOf(loadSafetensors(longer))).code).toBe("invalid-weights");
  expect((await loadSafetensors(file)).names).toEqual(["a", "b"]);
});

test("a header of absurd length, offsets that overlap, unknown types", async () => {
  const absurd = new Uint8Array(16).fill(255);
  expect((await failureOf(loadSafetensors(absurd))).message).toContain("header");
  const file = safetensors({ a: random("a", [2]), b: random("b", [2]) });
  const patched = (from: string, to: string) =>
    new TextEncoder().encode(new TextDecoder("latin1").decode(file).replace(from, to));
  const text = new TextDecoder("latin1").decode(file);
  expect(text).toContain("[8,16]");
  const bytes = (changed: string) => Uint8Array.from(changed, (c) => c.charCodeAt(0));
  const overlap = await failureOf(loadSafetensors(bytes(text.replace("[8,16]", "[4,12]"))));
  expect(overlap.message).toContain("'b'");
  const outside = await failureOf(loadSafetensors(bytes(text.replace("[8,16]", "[8,99]"))));
  expect(outside.code).toBe("invalid-weights");
  const odd = await failureOf(loadSafetensors(bytes(text.replace("F32", "X32"))));
  expect(odd.code).toBe("unsupported-type");
  expect(patched).toBeTypeOf("function");
});

test("all missing, left over and wrongly shaped weights are named at once", async () => {
  const { weights } = squeezeExcite();
  const { "fc1.bias": _, ...rest } = weights;
  const wrong = { ...rest, "fc2.bias": random("b", [3]), "fc3.weight": random("w", [2, 2]) };
  const failure = await failureOf(SqueezeExcite.create({ weights: { ...wrong }, session }));
  expect(failure.code).toBe("invalid-weights");
  expect(failure.message).toContain("fc2.bias");
  expect(failure.message).toContain("(3)");
  expect(failure.message).toContain("fc3.weight");
});

test("an input of the wrong rank, width or type is named with what was expected", async () => {
  const layer = await SqueezeExcite.create({ channels: 16, session });
  const errors: [Tensor | object, string, RegExp][] = [
    [random("x", [1, 8, 3, 3]), "wrong-shape", /16/],
    [random("x", [16]), "wrong-shape", /batch/],
    [new Tensor("int32", new Int32Array(16), [1, 16, 1, 1]), "wrong-type", /float32/],
    [{ y: random("x", [1, 16, 3, 3]) }, "unknown-name", /"?y/],
    [{}, "missing-input", /x/],
  ];
  for (const [input, code, message] of errors) {
    try {
      layer.forward(input as Tensor);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(HeedError);
      expect((error as HeedError).code).toBe(code);
      expect((error as HeedError).message).toMatch(message);
    }
    expect(layer.forward(random("x", [1, 16, 3, 3])).output.shape).toEqual([1, 16, 3, 3]);
  }
});

test("new layers are the same for the same seed, and others for another", async () => {
  const x = random("x", [1, 16, 5, 5]);
  const of = async (seed?: number) =>
    (
      await ChannelAttention.create({
        channels: 16,
        session,
        ...(seed === undefined ? {} : { seed }),
      })
    ).forward(x).output.data;
  expect(await of()).toEqual(await of());
  expect(await of(1)).toEqual(await of(1));
  expect(await of(1)).not.toEqual(await of(2));
});

test("parts: a sequence is its layers one after the other, in one graph", async () => {
  const parts = [
    Conv1d.of({ inChannels: 3, outChannels: 8, kernelSize: 3, padding: 1 }),
    ECA.of({ channels: 8 }),
    Activation.of({ function: "relu" }),
  ];
  const sequence = await Sequential.create({ parts, session });
  const x = random("x", [2, 3, 11]);
  const { output, maps } = sequence.forward(x, { attention: true });
  expect(output.shape).toEqual([2, 8, 11]);
  expect([...maps.keys()]).toEqual(["1"]);
  expect(maps.get("1")!.shape).toEqual([2, 8, 1]);
  expect(Math.min(...(output.data as Float32Array))).toBe(0);
});

test("layers that exist share their weights with what they become parts of", async () => {
  const { weights, inputs, outputs } = squeezeExcite();
  const gate = await SqueezeExcite.create({ weights, session });
  const twice = await Sequential.create({ parts: { a: gate, b: gate }, session });
  const once = gate.forward(inputs.x!).output;
  expect(difference(twice.forward(inputs.x!).output, gate.forward(once).output)).toBe("");
  gate.dispose();
  expect(twice.forward(inputs.x!).output.shape).toEqual(outputs.output!.shape);
});

test("a residual adds its input, and its sum has an activation", async () => {
  const part = ChannelAttention.of({ channels: 4 });
  const residual = await Residual.create({ parts: { body: part }, activation: "relu", session });
  const body = await Sequential.create({ parts: { body: part }, session });
  const x = random("x", [1, 4, 3, 3]);
  const y = body.forward(x).output.data as Float32Array;
  const expected = y.map((value, i) => Math.max(0, value + Number(x.data[i])));
  const actual = residual.forward(x).output.data as Float32Array;
  for (const [i, value] of actual.entries()) expect(value).toBeCloseTo(expected[i]!, 5);
});

test.each(readFixtures("hybrid"))("hybrid: $name", async (fixture) => {
  const classes: Record<string, typeof ECA> = (await import("heed/layers")) as never;
  const places = Object.keys(fixture.maps).map((name) => name.split(".")[0]!);
  const kinds = fixture.options.parts as string[];
  const parts = Object.fromEntries(
    [...new Set(places)].map((place, i) => [`parts.${place}`, classes[kinds[i]!]!.of()]),
  );
  const { combine, residual } = fixture.options as { combine: "sum"; residual: boolean };
  const hybrid = await HybridAttention.create({
    ...{ parts, combine, residual, weights: fixture.weights, session },
  });
  const { output, maps } = hybrid.forward(fixture.inputs.x!, { attention: true });
  expect(difference(output, fixture.outputs.output!)).toBe("");
  for (const [name, expected] of Object.entries(fixture.maps)) {
    expect(difference(maps.get(`parts.${name}`), expected), name).toBe("");
  }
});

test("many layers in one session, made and disposed of, do not make its memory grow", async () => {
  const x = random("x", [1, 32, 20, 20]);
  let settled = 0;
  for (let i = 0; i < 60; i++) {
    const layer = await CBAM.create({ channels: 32, session });
    layer.forward(x);
    layer.dispose();
    const bytes = session.engine.call((raw) => raw.HEAPU8.length);
    if (i === 5) settled = bytes;
    if (i > 5) expect(bytes).toBe(settled);
  }
});

test("layers that are made without a session share one, and a session that is gone says so", async () => {
  const a = await ChannelAttention.create({ channels: 4 });
  const b = await ChannelAttention.create({ channels: 4, seed: 0 });
  const x = random("x", [1, 4, 2, 2]);
  expect(a.forward(x).output.data).toEqual(b.forward(x).output.data);
  const own = await LayerSession.create();
  const layer = await ChannelAttention.create({ channels: 4, session: own });
  own.dispose();
  expect(() => layer.forward(x)).toThrow(HeedError);
});

test("outputs can be written to arrays that the caller has", async () => {
  const layer = await ChannelAttention.create({ channels: 4, session });
  const x = random("x", [1, 4, 2, 2]);
  const target = new Float32Array(16);
  const { output } = layer.forward(x, { into: { output: target } });
  expect(output.data).toBe(target);
  expect(target).toEqual(layer.forward(x).output.data);
  expect(() => layer.forward(x, { into: { output: new Float32Array(15) } })).toThrow(/into/);
});

test("what is no weight, no part and no option is refused", async () => {
  const bad: [() => Promise<unknown>, string][] = [
    [() => ECA.create({ weights: 3 as never, session }), "invalid-argument"],
    [() => ECA.create({ weights: { a: 3 as never }, session }), "wrong-type"],
    [() => ECA.create(null as never), "invalid-argument"],
    [() => ECA.create({ session: {} as never }), "invalid-argument"],
    [() => ECA.create({ session }), "invalid-argument"],
    [() => Sequential.create({ parts: [{} as never], session }), "invalid-argument"],
    [() => SqueezeExcite.create({ channels: 8, gate: "no" as never, session }), "wrong-value"],
    [() => SqueezeExcite.create({ channels: 1.5, session }), "wrong-value"],
    [() => SqueezeExcite.create({ channels: {} as never, session }), "invalid-argument"],
    [() => Network.create(() => 3 as never, { session }), "invalid-argument"],
  ];
  for (const [attempt, code] of bad) expect((await failureOf(attempt())).code).toBe(code);
  expect(new Weights(new Map(), "").names).toEqual([]);
  expect(Layer).toBeTypeOf("function");
});
