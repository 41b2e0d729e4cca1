import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../.dev/run.mjs";
import { bits, keyOf, uniform } from "../support/counter-hash.ts";

interface Case {
  name: string;
  key: number;
  bits: number[];
  rule: { shape: number[]; scale: number; offset: number };
  uniform: number[];
}

const path = join(root, "tests/fixtures/attention/counter_hash.json");
const cases: Case[] = JSON.parse(readFileSync(path, "utf8"));

test.each(cases)('the numbers that "$name" stands for are those of Python', (vector) => {
  const { name, rule } = vector;
  expect(keyOf(name)).toBe(vector.key);
  expect([...bits(name, vector.bits.length)]).toEqual(vector.bits);
  const count = vector.uniform.length;
  expect([...uniform(name, count, rule.scale, rule.offset)]).toEqual(vector.uniform);
});
