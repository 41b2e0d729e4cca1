import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../.dev/run.mjs";
import { kErrorCodes } from "../../web/src/errors.ts";
import { kDTypes } from "../../web/src/tensor.ts";

// The engine says a code and a type by its place in the list.

test("the codes of TypeScript are those of base/status.h, in its order", () => {
  const header = readFileSync(join(root, "cpp/base/status.h"), "utf8");
  const codes = [...header.matchAll(/^ *X\(k\w+, "([\w-]+)"\)/gm)].map((match) => match[1]);
  expect(codes).toEqual(["ok", ...kErrorCodes]);
});

test("the element types of TypeScript are those of base/dtype.cpp, in its order", () => {
  const source = readFileSync(join(root, "cpp/base/dtype.cpp"), "utf8");
  const list = /kNames\[kDTypeCount\] = \{([^}]*)\}/.exec(source)![1]!;
  expect([...list.matchAll(/"(\w+)"/g)].map((match) => match[1])).toEqual(kDTypes);
});
