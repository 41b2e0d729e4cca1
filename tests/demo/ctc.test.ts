import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { networkFolder } from "../../demo/heed-package.mjs";
import { decode, parseDictionary } from "../../demo/src/pipeline/ctc";
import { kDictionaryFile } from "../../demo/src/pipeline/network-files";

const dictionary = ["", "a", "b", " "];

/** Probabilities of which each row's `best` class has `value`, the others share the rest. */
function steps(...rows: [best: number, value: number][]) {
  const data = rows.flatMap(([best, value]) =>
    dictionary.map((_, i) => (i === best ? value : (1 - value) / 3)),
  );
  return { data, shape: [1, rows.length, dictionary.length] };
}

describe("decode", () => {
  test("merges repetitions, and a blank keeps two equal characters apart", () => {
    const line = decode(
      steps([1, 0.9], [1, 0.8], [0, 0.9], [1, 0.7], [3, 0.6], [2, 1]),
      dictionary,
    );
    expect(line.text).toBe("aa b");
    expect(line.characters.map(({ step }) => step)).toEqual([0, 3, 4, 5]);
    expect(line.confidence).toBeCloseTo((0.9 + 0.7 + 0.6 + 1) / 4, 6);
    expect(line.steps).toBe(6);
  });

  test("gives an empty line for blanks alone", () => {
    expect(decode(steps([0, 1], [0, 1]), dictionary)).toMatchObject({ text: "", confidence: 0 });
  });

  test("refuses a dictionary of another size", () => {
    expect(() => decode(steps([1, 1]), ["", "a"])).toThrow("4 classes, its dictionary 2");
  });
});

test("the networks' own dictionary has a blank, 6,623 characters and the space", () => {
  const classes = parseDictionary(readFileSync(join(networkFolder, kDictionaryFile), "utf8"));
  expect(classes).toHaveLength(6625);
  expect(classes[0]).toBe("");
  expect(classes.at(-1)).toBe(" ");
  expect(classes.slice(1, -1).every((text) => [...text].length === 1)).toBe(true);
});
