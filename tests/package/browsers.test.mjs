import { cpSync } from "node:fs";
import { join } from "node:path";
import { build as esbuild } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureBrowsers } from "../../.dev/browsers.mjs";
import { openBrowser } from "../browser/open-browser.mjs";
import { addOne } from "../web/models.ts";
import { page, report, resultOf, serve } from "./pages.mjs";
import { addModel, checkResult, installed, program, project } from "./tarball.mjs";

beforeAll(ensureBrowsers);

const small = `Uint8Array.of(${addOne.join()})`;

/** A bundled page that does `work`, served under a policy: what it reports. */
async function run(browser, name, work, policy) {
  const folder = await project(name, {
    "index.html": page("bundle.js"),
    "main.js": `import { HeedError, loadModel, Tensor } from "heed";\n${program}\n${report(work)}`,
  });
  await esbuild({
    ...{ entryPoints: [join(folder, "main.js")], outfile: join(folder, "bundle.js") },
    ...{ bundle: true, format: "esm", logLevel: "silent" },
  });
  addModel(folder);
  cpSync(join(await installed(), "node_modules/heed/worker.js"), join(folder, "worker.js"));
  const server = await serve(folder, policy);
  try {
    return await resultOf(browser, server.url);
  } finally {
    await server.close();
  }
}

describe.each(["chromium", "firefox"])("in %s", (name) => {
  let browser;
  beforeAll(async () => {
    browser = await openBrowser(name);
  });
  afterAll(() => browser?.close());

  const strict = "script-src 'self' 'wasm-unsafe-eval'";

  test("it runs under script-src 'self' 'wasm-unsafe-eval', its worker from an address", async () => {
    const work = `[await main("./model.onnx", {}), await main("./model.onnx", { worker: true, workerUrl: "./worker.js" })]`;
    const { value, error } = await run(browser, `policy-${name}`, work, strict);
    expect(error).toBeUndefined();
    checkResult(expect, value[0], { worker: false });
    checkResult(expect, value[1], { worker: true });
  });

  test("a policy that forbids blob: workers gives an error that names the way out", async () => {
    const work = 'await main("./model.onnx", { worker: true })';
    const { error } = await run(browser, `blob-${name}`, work, strict);
    expect(error).toMatchObject({ code: "unsupported-platform" });
    expect(error.message).toMatch(/workerUrl/);
  });

  test("a policy that forbids WebAssembly gives an error that names what it must allow", async () => {
    const { error } = await run(
      browser,
      `wasm-${name}`,
      'await main("./model.onnx", {})',
      "script-src 'self'",
    );
    expect(error).toMatchObject({ code: "unsupported-platform" });
    expect(error.message).toMatch(/'wasm-unsafe-eval'/);
  });

  test("a worker's address where there is no script gives an error that names it", async () => {
    const work = 'await main("./model.onnx", { worker: true, workerUrl: "./none.js" })';
    const { error } = await run(browser, `none-${name}`, work);
    expect(error).toMatchObject({ code: "unsupported-platform" });
    expect(error.message).toMatch(/none\.js/);
  });

  test("images that a canvas can draw become tensors", async () => {
    const work = `(async () => {
      const canvas = new OffscreenCanvas(2, 1);
      const context = canvas.getContext("2d");
      context.fillStyle = "rgb(51 102 204)";
      context.fillRect(0, 0, 2, 1);
      const element = document.createElement("canvas");
      element.width = 2; element.height = 1;
      element.getContext("2d").drawImage(canvas, 0, 0);
      const image = new Image();
      image.src = element.toDataURL();
      await image.decode();
      const broken = new Image();
      broken.src = "data:image/png;base64,AAAA";
      await broken.decode().catch(() => {});
      const values = [canvas, element, image, await createImageBitmap(canvas), context.getImageData(0, 0, 2, 1)]
        .map((source) => Array.from(Tensor.fromImage(source, { scale: 1 }).data));
      let code;
      try { Tensor.fromImage(broken); } catch (error) { code = error instanceof HeedError && error.code; }
      return { values, code };
    })()`;
    const { value, error } = await run(browser, `images-${name}`, work, "img-src data:");
    expect(error).toBeUndefined();
    expect(value.values).toEqual(Array(5).fill([51, 51, 102, 102, 204, 204]));
    expect(value.code).toBe("invalid-image");
  });
});

test("130 live models in a page of Chromium give an error that says why, and letting them go helps", async () => {
  const browser = await openBrowser("chromium");
  try {
    const work = `(async () => {
      const models = [];
      let error;
      try {
        while (models.length < 130) models.push(await loadModel(${small}));
      } catch (caught) {
        error = { code: caught.code, message: caught.message };
      }
      const count = models.length;
      for (const model of models.splice(0)) model.dispose();
      const again = await loadModel(${small});
      const x = new Tensor("float32", Float32Array.of(1, 2, 3), [1, 3]);
      return { count, error, y: Array.from((await again.run({ x })).outputs.y.data) };
    })()`;
    const { value, error } = await run(browser, "many", work);
    expect(error).toBeUndefined();
    expect(value).toMatchObject({ error: { code: "out-of-memory" }, y: [2, 3, 4] });
    expect(value.error.message).toMatch(/125 models.*dispose/);
    expect(value.count).toBeGreaterThan(100);
  } finally {
    await browser.close();
  }
});
