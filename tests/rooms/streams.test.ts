import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cmakeBuild, trees } from "../../.dev/cmake.mjs";
import { run, toolchain } from "../../.dev/run.mjs";

const kMinutes = 60_000;

/** Names of stream classes in a module that was linked with function names: functions, vtables, type names. */
function streamsIn(path: string): string[] {
  const text = readFileSync(path, "latin1");
  return [...new Set(text.match(/basic_[io]*stream|basic_streambuf|basic_filebuf|ios_base/g))];
}

test(
  "no stream class is linked into the engine: it would cost 47 KB",
  async () => {
    const folder = await cmakeBuild("the engine with names", trees.wasm, "heed_named");
    const path = join(folder, "heed_named.wasm");
    expect(readFileSync(path, "latin1")).toContain("heed"); // it has names
    expect(streamsIn(path)).toEqual([]);
  },
  10 * kMinutes,
);

test(
  "a module that prints through a stream would be told of",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "heed-streams-"));
    try {
      const source = join(folder, "prints.cpp");
      writeFileSync(source, '#include <iostream>\nint main() { std::cout << 1.5 << "\\n"; }\n');
      const out = join(folder, "prints.mjs");
      const flags = ["-Oz", "-sMODULARIZE", "-sEXPORT_ES6", "--profiling-funcs", "-o", out];
      await run(join(toolchain, "bin/em++"), [source, ...flags], { quiet: true });
      expect(streamsIn(join(folder, "prints.wasm"))).not.toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  5 * kMinutes,
);
