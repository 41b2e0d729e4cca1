import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inRepository, networkFolder } from "../../demo/heed-package.mjs";
import { channelBlocks, readGates } from "../../demo/src/attention/gates";
import { readSelfAttention } from "../../demo/src/attention/self-attention";
import { decodeImage } from "../../demo/src/cli/decode-image";
import { detectionInput, directionInput, textInput } from "../../demo/src/pipeline/inputs";
import { loadNetworks, type NetworkName, type Networks } from "../../demo/src/pipeline/networks";
import { cropQuad } from "../../demo/src/pipeline/pixels";

const image = decodeImage(readFileSync(inRepository("demo/samples/street-sign.jpg")));
/** The line "Old Library 250 m", roughly. */
const line = cropQuad(image, [
  [208, 560],
  [680, 520],
  [690, 580],
  [212, 640],
]);

let networks: Networks;
beforeAll(async () => {
  networks = await loadNetworks((file) => join(networkFolder, file));
});
afterAll(() => {
  for (const model of Object.values(networks)) model.dispose();
});

const inputs = {
  detect: () => detectionInput(image, { width: 320, height: 224 }),
  direction: () => directionInput(line),
  recognise: () => textInput(line),
};

describe.each([
  ["detect", 10],
  ["direction", 9],
  ["recognise", 2],
] as [NetworkName, number][])("the gates of %s", (name, count) => {
  test("each has a value in 0..1 for each channel of the feature map that it scales", async () => {
    const model = networks[name];
    const blocks = channelBlocks(model);
    expect(blocks).toHaveLength(count);
    for (const block of blocks) {
      const gates = await readGates(model, inputs[name](), block);
      expect(gates.size).toBe(count);
      const { values, features } = gates.get(block.id) ?? {};
      const { data, width, height } = features ?? { data: [], width: 0, height: 0 };
      expect(data.length).toBe((values?.length ?? 0) * width * height);
      expect(Math.min(...(values ?? []))).toBeGreaterThanOrEqual(0);
      expect(Math.max(...(values ?? []))).toBeLessThanOrEqual(1);
      expect(new Set(data).size).toBeGreaterThan(100);
    }
  });
});

test("the recogniser's self-attention: eight heads, every row sums to 1", async () => {
  const maps = await readSelfAttention(networks.recognise, inputs.recognise());
  expect(maps.size).toBe(2);
  for (const { data, heads, steps } of maps.values()) {
    expect(heads).toBe(8);
    expect(data.length).toBe(heads * steps * steps);
    for (let row = 0; row < heads * steps; row++) {
      const sum = data.subarray(row * steps, (row + 1) * steps).reduce((a, b) => a + b, 0);
      expect(sum).toBeCloseTo(1, 4);
    }
  }
});

test("self-attention asks for no output, so that none is computed", async () => {
  const asked: unknown[] = [];
  const model = {
    inputs: networks.recognise.inputs,
    attention: networks.recognise.attention,
    run: (...call: Parameters<typeof networks.recognise.run>) => {
      asked.push(call[1]?.outputs);
      return networks.recognise.run(...call);
    },
  };
  await readSelfAttention(model as unknown as typeof networks.recognise, inputs.recognise());
  expect(asked).toEqual([[]]);
});
