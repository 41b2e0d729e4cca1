// Every layer class in Chromium and in Firefox: its fixtures, and its documented example, which gives
// there what it gives in Node.js.

import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build as esbuild } from "esbuild";
import * as layers from "heed/layers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readLayers } from "../../.dev/layers.mjs";
import { build, root } from "../../.dev/run.mjs";
import { page, report, resultOf, serve } from "../package/pages.mjs";
import { inputsOf, optionsOf } from "../support/examples.ts";
import { classOf, isOneCall, kLayerFiles } from "../support/fixture-cases.ts";
import { readFixtures } from "../support/fixtures.ts";
import { openBrowser } from "./open-browser.mjs";

const folder = join(build, "layers-page");
const documented = readLayers();
let server;

beforeAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "index.html"), page("bundle.js"));
  // Options are written out, since a page's policy has no eval.
  const examples = documented.map(
    (layer) => `{ layer: ${JSON.stringify(layer)}, options: () => (${layer.example.options}) }`,
  );
  await esbuild({
    stdin: {
      contents: `import * as all from "heed/layers";
        const { ${Object.keys(layers).join(", ")} } = all;
        globalThis.examples = [${examples.join(",\n")}];
        ${report(`(await import(${JSON.stringify(join(root, "tests/browser/layers-page.ts"))})).result`)}`,
      resolveDir: root,
      loader: "ts",
    },
    alias: { "heed/layers": join(build, "package/layers.js") },
    ...{ outfile: join(folder, "bundle.js"), bundle: true, format: "esm", logLevel: "warning" },
    external: ["node:*"],
  });
  for (const name of kLayerFiles) {
    const file = `${name}.safetensors`;
    cpSync(join(root, "tests/fixtures/attention", file), join(folder, "fixtures", file));
  }
  server = await serve(folder, "script-src 'self' 'wasm-unsafe-eval'");
});
afterAll(() => server?.close());

test.each(["chromium", "firefox"])("every layer class in %s", async (name) => {
  const browser = await openBrowser(name);
  try {
    const { value, error } = await resultOf(browser, server.url);
    expect(error).toBeUndefined();
    expect(value.problems).toEqual([]);
    const cases = kLayerFiles.flatMap((file) => readFixtures(file).filter(isOneCall));
    expect(value.cases).toBe(cases.length);
    expect(Object.keys(value.outputs)).toEqual(documented.map((layer) => layer.name));
    for (const layer of documented) {
      const made = await classOf(layers, layer.name).create(optionsOf(layer.example.options));
      const expected = Array.from(made.forward(inputsOf(layer.example)).output.data, Number);
      const actual = value.outputs[layer.name];
      expect(actual, layer.name).toHaveLength(expected.length);
      // Relaxed SIMD may round a product and its sum once.
      const worst = expected.reduce((most, y, i) => Math.max(most, Math.abs(y - actual[i])), 0);
      expect(worst, layer.name).toBeLessThan(1e-4);
      made.dispose();
    }
  } finally {
    await browser.close();
  }
});
