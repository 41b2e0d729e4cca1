import { cpSync } from "node:fs";
import { join } from "node:path";
import { build as esbuild } from "esbuild";
import { createServer, build as viteBuild } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import webpack from "webpack";
import { ensureBrowsers } from "../../.dev/browsers.mjs";
import { openBrowser } from "../browser/open-browser.mjs";
import { page, report, resultOf, serve } from "./pages.mjs";
import { addModel, checkResult, installed, program, project } from "./tarball.mjs";

let browser;
beforeAll(async () => {
  await ensureBrowsers();
  browser = await openBrowser("chromium");
});
afterAll(() => browser?.close());

/** What a developer writes: both ways of running, in one page. */
const script = (entry) => `
  import { loadModel, Tensor } from "${entry}";
  ${program}
  ${report('[await main("./model.onnx", {}), await main("./model.onnx", { worker: true })]')}
`;

async function source(name, entry) {
  const folder = await project(name, {
    "index.html": page(),
    "main.js": script(entry),
  });
  addModel(folder);
  return folder;
}

async function check(url) {
  const { value, error } = await resultOf(browser, url);
  expect(error).toBeUndefined();
  checkResult(expect, value[0], { worker: false, build: "relaxed" });
  checkResult(expect, value[1], { worker: true, build: "relaxed" });
}

async function checkFolder(folder) {
  const server = await serve(folder);
  try {
    await check(server.url);
  } finally {
    await server.close();
  }
}

describe.each(["heed", "heed/external"])("%s", (entry) => {
  const name = entry.replace("/", "-");

  test("works in Vite's development server, with no configuration", async () => {
    const folder = await source(`vite-dev-${name}`, entry);
    // As a separate file beside the package it must not be bundled beforehand (vite#8427); the default entry may be.
    const optimizeDeps = entry === "heed" ? {} : { optimizeDeps: { exclude: ["heed"] } };
    const server = await createServer({
      ...{ root: folder, configFile: false, logLevel: "error", cacheDir: join(folder, ".vite") },
      ...optimizeDeps,
      server: { host: "127.0.0.1", port: 0 },
    });
    try {
      await server.listen();
      await check(server.resolvedUrls.local[0]);
    } finally {
      await server.close();
    }
  });

  test("works in what Vite builds", async () => {
    const folder = await source(`vite-${name}`, entry);
    await viteBuild({ root: folder, configFile: false, logLevel: "error", base: "./" });
    addModel(join(folder, "dist"));
    await checkFolder(join(folder, "dist"));
  });

  test("works in what webpack builds", async () => {
    const folder = await source(`webpack-${name}`, entry);
    const stats = await new Promise((resolve, reject) => {
      const settings = {
        ...{ mode: "production", context: folder, entry: "./main.js", target: "web" },
        output: { path: join(folder, "dist"), filename: "main.js", publicPath: "" },
        performance: false,
      };
      webpack(settings, (error, result) => (error ? reject(error) : resolve(result)));
    });
    const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
    expect({ errors, warnings }).toEqual({ errors: [], warnings: [] });
    cpSync(join(folder, "index.html"), join(folder, "dist/index.html"));
    addModel(join(folder, "dist"));
    await checkFolder(join(folder, "dist"));
  });

  test("works in what esbuild builds", async () => {
    const folder = await source(`esbuild-${name}`, entry);
    const { warnings } = await esbuild({
      ...{ entryPoints: [join(folder, "main.js")], outfile: join(folder, "dist/main.js") },
      ...{ bundle: true, minify: true, format: "esm", logLevel: "silent" },
    });
    expect(warnings).toEqual([]);
    cpSync(join(folder, "index.html"), join(folder, "dist/index.html"));
    addModel(join(folder, "dist"));
    if (entry === "heed/external") {
      // esbuild leaves `new URL(..., import.meta.url)` alone: the files are copied beside its output.
      for (const file of ["simd128.wasm", "relaxed.wasm"]) {
        cpSync(join(await installed(), "node_modules/heed", file), join(folder, "dist", file));
      }
    }
    await checkFolder(join(folder, "dist"));
  });

  test("works with no bundler", async () => {
    const folder = await source(`plain-${name}`, entry);
    const map = { imports: { heed: "./heed/index.js", "heed/external": "./heed/external.js" } };
    const { writeFileSync } = await import("node:fs");
    const html = page().replace(
      "<script",
      `<script type="importmap">${JSON.stringify(map)}</script><script`,
    );
    writeFileSync(join(folder, "index.html"), html);
    cpSync(join(await installed(), "node_modules/heed"), join(folder, "heed"), { recursive: true });
    await checkFolder(folder);
  });
});

test("a bundle of Tensor alone does not carry the engine", async () => {
  const folder = await project("esbuild-tensor", {
    "main.js": 'import { Tensor } from "heed"; console.log(Tensor);',
  });
  const { outputFiles } = await esbuild({
    ...{
      entryPoints: [join(folder, "main.js")],
      bundle: true,
      minify: true,
      format: "esm",
      write: false,
    },
  });
  expect(outputFiles[0].contents.length).toBeLessThan(20_000);
});
