import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../../.dev/run.mjs";
import { wrongImports, wrongIncludes } from "./arrows.ts";
import { includesOf, sourcesUnder } from "./sources.ts";

const cpp = sourcesUnder("cpp");
const typescript = sourcesUnder("web", "demo").filter(({ path }) => /\.(ts|mjs|js)$/.test(path));
const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const dependencies = Object.keys(devDependencies);

describe("the rooms of cpp/", () => {
  test("include only what the design lets them see", () => {
    expect(cpp.length).toBeGreaterThan(50);
    expect(wrongIncludes(cpp)).toEqual([]);
  });

  test("include xtensor in at most six files, since each costs bytes", () => {
    const users = cpp.filter((source) => includesOf(source).includes("base/xtensor.h"));
    expect(users.map(({ path }) => path).length).toBeLessThanOrEqual(6);
  });

  test("include Emscripten's headers where functions are registered, once for each engine", () => {
    const users = cpp.filter((source) =>
      includesOf(source).some((name) => /^emscripten/.test(name)),
    );
    expect(users.map(({ path }) => path).sort()).toEqual([
      "cpp/bindings/bindings.cpp",
      "cpp/bindings/layers/layer_bindings.cpp",
    ]);
  });

  test.each([
    ["cpp/base/x.h", "graph/graph.h"],
    ["cpp/simd/x.h", "kernels/copy.h"],
    ["cpp/kernels/x.cpp", "graph/graph.h"],
    ["cpp/graph/x.cpp", "formats/onnx.h"],
    ["cpp/graph/x.cpp", "attention/mechanism.h"],
    ["cpp/formats/x.cpp", "attention/mechanism.h"],
    ["cpp/attention/x.cpp", "formats/onnx.h"],
    ["cpp/formats/x.cpp", "bindings/engine.h"],
    ["cpp/kernels/x.cpp", "wasm_simd128.h"],
    ["cpp/kernels/x.cpp", "simde/wasm/simd128.h"],
    ["cpp/graph/x.cpp", "xtensor/xarray.hpp"],
    ["cpp/graph/x.cpp", "protozero/pbf_reader.hpp"],
    ["cpp/formats/x.cpp", "emscripten/bind.h"],
    ["cpp/bindings/x.cpp", "iostream"],
    ["cpp/elsewhere/x.cpp", "vector"],
  ])("would be told of: %s includes %s", (path, header) => {
    expect(wrongIncludes([{ path, text: `// x\n#include <${header}>\n` }])).toHaveLength(1);
  });
});

describe("TypeScript", () => {
  test("of web/ and demo/ imports only what the design lets it see", () => {
    expect(typescript.length).toBeGreaterThan(20);
    expect(wrongImports(typescript, dependencies)).toEqual([]);
  });

  test.each([
    ["demo/src/x.ts", "../../web/src/tensor.ts"],
    ["demo/src/x.ts", "../../build/generated/engine.ts"],
    ["demo/src/x.ts", "heed/engine"],
    ["demo/src/x.ts", "not-in-package-json"],
    ["web/src/x.ts", "../../demo/src/main.ts"],
    ["web/src/x.ts", "../../tests/support/x.ts"],
    ["web/src/x.ts", "heed"],
    ["web/src/x.ts", "jpeg-js"],
  ])("would be told of: %s imports %s", (path, name) => {
    expect(wrongImports([{ path, text: `import x from "${name}";` }], dependencies)).toHaveLength(
      1,
    );
  });

  test("may use what it may use", () => {
    const fine: [string, string][] = [
      ["demo/src/x.ts", "heed"],
      ["demo/src/x.ts", "heed/layers"],
      ["demo/src/x.ts", "d3-polygon"],
      ["web/src/cli/x.ts", "jpeg-js"],
      ["web/src/x.ts", "./engine/session.ts"],
    ];
    const sources = fine.map(([path, name]) => ({ path, text: `import x from "${name}";` }));
    expect(wrongImports(sources, dependencies)).toEqual([]);
  });
});
