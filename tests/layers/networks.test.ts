// Networks described in TypeScript give what PyTorch gives, and load its state dicts whole.

import {
  Embedding,
  HeedError,
  LayerNorm,
  LayerSession,
  Linear,
  MultiHeadAttention,
  Network,
  type NetworkBuilder,
  Tensor,
} from "heed/layers";
import { afterAll, describe, expect, test } from "vitest";
import type { Fixture } from "../support/fixture-cases.ts";
import { difference, readFixtures } from "../support/fixtures.ts";
import { kNetworks, transformerBlock } from "../support/networks.ts";

const session = await LayerSession.create();
afterAll(() => session.dispose());

const networks = readFixtures("networks");

function casesOf(fixtures: Fixture[], dialect: string): Fixture[] {
  const cases = fixtures.filter((fixture) => fixture.dialect === dialect);
  if (cases.length === 0) throw new Error(`there is no fixture of ${dialect}`);
  return cases;
}

// --- Networks of one call ---

const blocks = [1, 2, 3, 4].flatMap((stage) => [`layer${stage}.0.cbam`, `layer${stage}.1.cbam`]);

/** Each dialect with the maps that its network has. */
const ofOneCall = [
  { dialect: "signal_eca", ids: ["eca1", "eca2"] },
  { dialect: "resnet18_cbam", ids: blocks.flatMap((id) => [`${id}.channel`, `${id}.spatial`]) },
  { dialect: "gru_bahdanau", ids: ["attention"] },
  { dialect: "rotary_encoder", ids: ["blocks.0.attn", "blocks.1.attn"] },
];

describe.each(ofOneCall)("$dialect", ({ dialect, ids }) => {
  const cases = casesOf(networks, dialect);
  const describeFor = ({ options }: Fixture) => kNetworks[dialect]!(options);

  test.each(cases)("$name: outputs and maps are PyTorch's", async (fixture) => {
    const { weights, inputs, outputs } = fixture;
    const network = await Network.create(describeFor(fixture), { weights, session });
    expect(network.attention.map(({ id }) => id)).toEqual(ids);
    const result = network.forward(inputs, { attention: true });
    expect(Object.keys(result.outputs)).toEqual(Object.keys(outputs));
    for (const [name, expected] of Object.entries(outputs)) {
      expect(difference(result.outputs[name], expected), name).toBe("");
    }
    // The fixtures call a block's map by the block, without its CBAM.
    const maps = new Map([...result.maps].map(([id, map]) => [id.replace(".cbam", ""), map]));
    for (const [name, expected] of Object.entries(fixture.maps)) {
      expect(difference(maps.get(name), expected), name).toBe("");
    }
    network.dispose();
  });

  test("weights too few or too many are an error that names them", async () => {
    const [fixture] = cases as [Fixture];
    const last = Object.keys(fixture.weights).findLast((name) => name.endsWith(".weight"))!;
    const { [last]: left, ...rest } = fixture.weights;
    const weights = { ...rest, "stranger.weight": left! };
    const failure = await Network.create(describeFor(fixture), { weights, session }).catch(
      (error) => error,
    );
    expect(failure).toBeInstanceOf(HeedError);
    expect(failure.code).toBe("invalid-weights");
    expect(failure.message).toContain(last);
    expect(failure.message).toContain("stranger.weight");
  });
});

test("a network says what it takes and attends to, and gives the maps that are asked for", async () => {
  const [{ weights, inputs, maps }] = casesOf(networks, "signal_eca") as [Fixture];
  const network = await Network.create(kNetworks.signal_eca!({}), { weights, session });
  expect(network.inputs).toEqual([{ name: "x", dtype: "float32", shape: ["batch", 3, "length"] }]);
  expect(network.attention.map(({ id, mechanism, kind }) => [id, mechanism, kind])).toEqual([
    ["eca1", "eca", "channel"],
    ["eca2", "eca", "channel"],
  ]);
  const result = network.forward(inputs.x!, { attention: ["eca2"] });
  expect([...result.maps.keys()]).toEqual(["eca2"]);
  expect(difference(result.maps.get("eca2"), maps.eca2!)).toBe("");
});

// --- Caches ---

/** Elements `begin` to `end` of an axis. */
function slice({ dtype, data, shape }: Tensor, axis: number, begin: number, end: number): Tensor {
  const inner = shape.slice(axis + 1).reduce((product, extent) => product * extent, 1);
  const from = shape[axis]! * inner;
  const to = (end - begin) * inner;
  const outer = data.length / from;
  const values = data.slice(0, outer * to);
  for (let i = 0; i < outer; i++) {
    const row = data.subarray(i * from + begin * inner, i * from + end * inner);
    values.set(row as never, i * to);
  }
  return new Tensor(dtype, values as never, shape.with(axis, end - begin));
}

/** Positions of (batch, length, ...). */
const positions = (tensor: Tensor, begin: number, end: number) => slice(tensor, 1, begin, end);

/** The best word of the last position: (batch, length, words) to (batch, 1). */
function bestNext({ data, shape }: Tensor): Tensor {
  const [batch, length, words] = shape as [number, number, number];
  const best = Array.from({ length: batch }, (_, b) => {
    const end = (b + 1) * length * words;
    const scores = (data as Float32Array).subarray(end - words, end);
    return BigInt(scores.indexOf(Math.max(...scores)));
  });
  return new Tensor("int64", BigInt64Array.from(best), [batch, 1]);
}

interface Generated {
  tokens: Tensor[];
  logits: Tensor[];
}

/** Gives tokens and then, one by one, the best that follow, `steps` calls in all. */
function generate(network: Network, given: Tensor, steps: number): Generated {
  const made: Generated = { tokens: [given], logits: [network.forward(given).output] };
  while (made.logits.length < steps) {
    const next = bestNext(made.logits.at(-1)!);
    made.tokens.push(next);
    made.logits.push(network.forward(next).output);
  }
  return made;
}

/** Compares steps with a tensor of all positions. */
function expectSteps(steps: Tensor[], all: Tensor): void {
  let at = 0;
  for (const step of steps) {
    const end = at + step.shape[1]!;
    expect(difference(step, positions(all, at, end)), `positions ${at} to ${end}`).toBe("");
    at = end;
  }
  expect(at).toBe(all.shape[1]);
}

/** Tokens to logits: causal, grouped queries, rotary embedding in halves. */
const decoder = (heads: object) => (g: NetworkBuilder) => {
  const tokens = g.input("tokens", ["batch", "length"], "int64");
  let x = g.apply(Embedding.of({ at: "embed" }), tokens);
  x = transformerBlock(g, "blocks.0", heads, "silu", x);
  x = transformerBlock(g, "blocks.1", heads, "silu", x);
  x = g.apply(LayerNorm.of({ at: "norm" }), x);
  return { logits: g.apply(Linear.of({ at: "head" }), x) };
};

describe.each(casesOf(networks, "cached_decoder"))("$name", (fixture) => {
  const prompt = fixture.inputs.tokens!;
  const text = fixture.outputs.generated!;
  const logits = fixture.outputs.generated_logits!;
  const first = prompt.shape[1]!;
  const last = text.shape[1]!;
  const steps = 1 + last - first;
  const cut = first + 4;

  /** With room for the text that PyTorch generated, and no more. */
  const make = () => {
    const { steps: _, ...heads } = fixture.options;
    return Network.create(decoder({ ...heads, cache: last }), {
      weights: fixture.weights,
      session,
    });
  };

  test("generates, token by token, what PyTorch generates", async () => {
    const network = await make();
    expect(network.cacheLength).toBe(0);
    const made = generate(network, prompt, steps);
    expect(network.cacheLength).toBe(last);
    expect(difference(made.logits[0], fixture.outputs.logits!)).toBe("");
    expectSteps(made.tokens, text);
    expectSteps(made.logits, logits);
  });

  test("gives all logits at once", async () => {
    const network = await make();
    expect(difference(network.forward(text).outputs.logits, logits)).toBe("");
    expect(network.cacheLength).toBe(last);
  });

  test("after a reset generates the same again", async () => {
    const network = await make();
    const made = generate(network, prompt, steps);
    network.reset();
    expect(network.cacheLength).toBe(0);
    expect(generate(network, prompt, steps)).toEqual(made);
  });

  test("cut to a shorter text, goes on as if it had generated just that", async () => {
    const network = await make();
    const made = generate(network, prompt, steps);
    network.truncate(cut);
    expect(network.cacheLength).toBe(cut);
    const again = generate(network, positions(text, cut, cut + 1), last - cut);
    expect(again.tokens).toEqual(made.tokens.slice(1 + cut - first));
    expect(again.logits).toEqual(made.logits.slice(1 + cut - first));
    // Into the prompt, and the rest at once.
    network.truncate(1);
    const { output } = network.forward(positions(text, 1, last));
    expect(difference(output, positions(logits, 1, last))).toBe("");
  });

  test("cut to a shorter text, goes on with another, of which nothing else is left", async () => {
    const other = new Tensor("int64", new BigInt64Array(2 * text.shape[0]!), [text.shape[0]!, 2]);
    const short = await make();
    short.forward(positions(text, 0, cut));
    const expected = short.forward(other).output;
    const network = await make();
    generate(network, prompt, steps);
    network.truncate(cut);
    expect(difference(network.forward(other).output, expected)).toBe("");
    expect(difference(expected, positions(logits, cut, cut + 2))).not.toBe("");
  });

  test("does not go past its capacity, and takes the next call that fits", async () => {
    const network = await make();
    const attempt = (tokens: Tensor) => {
      try {
        network.forward(tokens);
      } catch (error) {
        return error;
      }
    };
    network.forward(positions(text, 0, last - 1));
    const failure = attempt(positions(text, 0, 2));
    expect(failure).toBeInstanceOf(HeedError);
    expect((failure as HeedError).code).toBe("wrong-shape");
    expect((failure as HeedError).message).toContain(`keeps ${last - 1} of at most ${last}`);
    expect(network.cacheLength).toBe(last - 1);
    const { output } = network.forward(positions(text, last - 1, last));
    expect(difference(output, positions(logits, last - 1, last))).toBe("");
    expect(attempt(positions(text, 0, 1))).toMatchObject({ code: "wrong-shape" });
    expect(() => network.truncate(last + 1)).toThrow(
      expect.objectContaining({ code: "wrong-value" }),
    );
    network.reset();
    expect(difference(network.forward(text).output, logits)).toBe("");
  });
});

test.each(casesOf(readFixtures("self_attention"), "cache"))(
  "$name: attention gives in steps what PyTorch gives at once",
  async (fixture) => {
    const { steps, ...options } = fixture.options as { steps: number[] };
    const { weights, outputs, maps } = fixture;
    const x = fixture.inputs.query!;
    const length = x.shape[1]!;
    const layer = await MultiHeadAttention.create({ ...options, cache: length, weights, session });
    for (const round of [1, 2]) {
      let begin = 0;
      for (const step of steps) {
        const end = begin + step;
        const given = positions(x, begin, end);
        // With its name or without, it is the same input, of the same cache.
        const named = begin === 0 ? given : { query: given };
        const { output, attention } = layer.forward(named, { attention: true });
        const which = `positions ${begin} to ${end}, round ${round}`;
        expect(difference(output, positions(outputs.output!, begin, end)), which).toBe("");
        // Its queries' rows, over the keys so far: (batch, heads, length, keys).
        const rows = slice(slice(maps.attention!, 2, begin, end), 3, 0, end);
        expect(difference(attention, rows), which).toBe("");
        expect(layer.cacheLength).toBe(end);
        begin = end;
      }
      expect(begin).toBe(length);
      layer.reset();
    }
    expect(difference(layer.forward(x).output, outputs.output!)).toBe("");
    layer.truncate(1);
    const { output } = layer.forward(positions(x, 1, length));
    expect(difference(output, positions(outputs.output!, 1, length))).toBe("");
  },
);
