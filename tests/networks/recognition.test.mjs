import { readFileSync } from "node:fs";
import { loadModel } from "heed";
import { describe, expect, test } from "vitest";
import { decode, parseDictionary } from "../../demo/src/pipeline/ctc.ts";
import { testAgainstOracle } from "./against-oracle.mjs";
import { kFiles, openOracle, readNetwork } from "./oracle.mjs";
import { lineInput } from "./sample-inputs.mjs";

// Where a crop ends inside of a character, two classes are equally likely, and the softmax makes much of little: there the
// oracle itself is 3e-4 from what float64 gives (heed 2e-5 to 1.5e-4; its logits 5e-5, heed's 2e-5). These crops have no such place.
const cases = Object.fromEntries(
  [32, 48, 100, 320, 640, 1280].map((width) => [`48x${width}`, lineInput(width)]),
);

describe("recognition", () => {
  testAgainstOracle("recognition", { ...cases, "48x320, three lines": lineInput(320, 3) }, 4);

  test("the text that is read is the same", async () => {
    const file = readNetwork("recognition");
    const characters = parseDictionary(readFileSync(kFiles.characters, "utf8"));
    const oracle = await openOracle(file);
    const model = await loadModel(file);
    const [output] = model.outputs;
    const texts = [];
    for (const [title, x] of Object.entries(cases)) {
      const ours = decode((await model.run({ x })).outputs[output.name], characters).text;
      const theirs = decode((await oracle.run(x)).get(output.name), characters).text;
      expect(ours, title).toBe(theirs);
      texts.push(ours);
    }
    // The input is what it is meant to be: lines that can be read.
    expect(texts[4]).toMatch(/Keeper/);
    expect(texts[5]).toMatch(/keeper.*summer/);
    model.dispose();
    oracle.close();
  });
});
