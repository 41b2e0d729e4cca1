// What holds for every network: the same tests for each.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadModel } from "heed";
import { afterAll, beforeAll, expect, test } from "vitest";
import { build } from "../../.dev/run.mjs";
import { readGraph, withAllOutputs } from "../support/onnx-file.mjs";
import { disagreements, kTolerance, relativeError, sameBits } from "./compare.mjs";
import { openOracle, readNetwork } from "./oracle.mjs";

const simd128 = readFileSync(join(build, "package/simd128.wasm"));

/** Names of the tensors that a last softmax or sigmoid reads: differences that it would hide. */
function logitsOf(file) {
  const { nodes, outputs } = readGraph(file);
  return outputs.map((output) => {
    const last = nodes.find((node) => node.outputs.includes(output));
    expect(["Softmax", "Sigmoid"], `the operator that makes ${output}`).toContain(last.operator);
    return last.inputs[0];
  });
}

/**
 * @param cases { title: input }
 * @param blocks how many attention blocks are recognised
 */
export function testAgainstOracle(network, cases, blocks) {
  const file = readNetwork(network);
  const logits = logitsOf(file);
  const titles = Object.keys(cases);
  const expected = {};
  let oracle;
  beforeAll(async () => {
    oracle = await openOracle(file);
  });
  afterAll(() => oracle.close());

  /** The oracle's tensors; kept, since three models are compared with them. */
  const wanted = async (title) => {
    expected[title] ??= await oracle.run(cases[title]);
    return expected[title];
  };
  const withModel =
    (options, use, bytes = file) =>
    async () => {
      const model = await loadModel(bytes, options);
      try {
        await use(model);
      } finally {
        model.dispose();
      }
    };

  test.each(titles)("%s: with every tensor as an output, each equals the oracle's", (title) =>
    withModel(
      {},
      async (model) => {
        const { outputs } = await model.run({ x: cases[title] });
        const tensors = await wanted(title);
        expect(Object.keys(outputs).sort()).toEqual([...tensors.keys()].sort());
        expect(disagreements(outputs, tensors)).toEqual([]);
      },
      withAllOutputs(file),
    )(),
  );

  test.each(titles)(
    "%s: of the network as it runs, each tensor that can be read equals the oracle's",
    (title) =>
      withModel({ keep: logits }, async (model) => {
        const tensors = await wanted(title);
        const readable = model.info.tensors.filter((name) => tensors.has(name));
        expect(readable).toEqual(
          expect.arrayContaining([...logits, ...model.outputs.map(({ name }) => name)]),
        );
        const { outputs } = await model.run({ x: cases[title] }, { outputs: readable });
        expect(disagreements(outputs, tensors)).toEqual([]);
      })(),
  );

  test.each(titles)(
    "%s: the outputs equal the oracle's, with and without maps being asked for",
    (title) =>
      withModel({}, async (model) => {
        const tensors = await wanted(title);
        const plain = await model.run({ x: cases[title] });
        expect(disagreements(plain.outputs, tensors)).toEqual([]);
        const mapped = await model.run({ x: cases[title] }, { attention: true });
        expect(disagreements(mapped.outputs, tensors)).toEqual([]);
        expect(mapped.attention.size).toBe(blocks);
      })(),
  );

  test(
    "the simd128 build's outputs equal the oracle's",
    withModel({ wasm: simd128 }, async (model) => {
      expect(model.info.build).toBe("simd128");
      for (const title of titles) {
        const { outputs } = await model.run({ x: cases[title] });
        expect(disagreements(outputs, await wanted(title)), title).toEqual([]);
      }
    }),
  );

  test(
    `${blocks} attention blocks are found, and running them as fused steps changes nothing`,
    withModel({}, async (fused) => {
      expect(fused.attention.length).toBe(blocks);
      const plain = await loadModel(file, { recognize: false });
      expect(plain.attention.length).toBe(0);
      for (const title of titles) {
        const a = await fused.run({ x: cases[title] });
        const b = await plain.run({ x: cases[title] });
        for (const [name, { data }] of Object.entries(b.outputs)) {
          expect(relativeError(a.outputs[name].data, data), `${title}, ${name}`).toBeLessThan(
            kTolerance,
          );
        }
      }
      plain.dispose();
    }),
  );

  test(
    "a second run, and a run after other shapes, give the same bits",
    withModel({}, async (model) => {
      const first = {};
      for (const title of titles) {
        first[title] = (await model.run({ x: cases[title] }, { attention: true })).outputs;
        const again = await model.run({ x: cases[title] }, { attention: true });
        expect(sameBits(again.outputs, first[title]), `${title}, again`).toBe(true);
      }
      for (const title of titles.toReversed()) {
        const later = await model.run({ x: cases[title] }, { attention: true });
        expect(sameBits(later.outputs, first[title]), `${title}, after other shapes`).toBe(true);
      }
    }),
  );
}
