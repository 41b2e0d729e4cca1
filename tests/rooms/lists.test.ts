import { expect, test } from "vitest";
import { operatorsOf } from "../../demo/docs/operators.mjs";
import { sourcesUnder } from "./sources.ts";

const [list] = sourcesUnder("cpp/graph/operators.def");
const operators = operatorsOf(list!.text);

test("operators.def names every operator once", () => {
  const names = operators.map(({ domain, name }) => `${domain}:${name}`);
  expect(names.length).toBeGreaterThan(100);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});

test("every line of operators.def is read", () => {
  expect(operators).toHaveLength(list!.text.split("\nHEED_OPERATOR(").length - 1);
});
