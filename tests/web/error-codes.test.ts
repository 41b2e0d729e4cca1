import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../.dev/run.mjs";
import { kErrorCodes } from "../../web/src/errors.ts";

test("the codes of TypeScript are those of base/status.h, in its order", () => {
  const header = readFileSync(join(root, "cpp/base/status.h"), "utf8");
  const codes = [...header.matchAll(/^ *X\(k\w+, "([\w-]+)"\)/gm)].map((match) => match[1]);
  expect(codes).toEqual(["ok", ...kErrorCodes]);
});

test("and those of the engine that was built", async () => {
  const { createEngine } = await import("../../build/generated/engine.ts");
  const wasm = readFileSync(join(root, "build/generated/simd128.wasm"));
  const runtime = await createEngine({
    instantiateWasm(
      imports: WebAssembly.Imports,
      receive: (instance: WebAssembly.Instance) => void,
    ) {
      WebAssembly.instantiate(wasm, imports).then(({ instance }) => receive(instance));
      return {};
    },
  });
  expect(runtime.codes().trim().split("\n")).toEqual(["ok", ...kErrorCodes]);
});
