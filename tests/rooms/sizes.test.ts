import { expect, test } from "vitest";
import { sourcesUnder } from "./sources.ts";

const kLimit = 600;

const text = sourcesUnder(".").filter(({ path }) =>
  /\.(h|cpp|def|cmake|ts|mjs|js|css|html|md|py|txt)$/.test(path),
);

test(`no file has more than ${kLimit} lines`, () => {
  expect(text.length).toBeGreaterThan(100);
  const long = text
    .map(({ path, text }) => ({ path, lines: text.split("\n").length - 1 }))
    .filter(({ path, lines }) => lines > kLimit && !path.startsWith("tests/fixtures/"));
  expect(long).toEqual([]);
});
