import { openAsBlob, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { type LoadModelOptions, loadModel, type ModelSource, Tensor } from "heed";
import * as external from "heed/external";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { build } from "../../.dev/run.mjs";
import { writeModel } from "../support/onnx-file.mjs";
import { expectError, numbers } from "./expect-error.ts";
import { addOne, direction, fused } from "./models.ts";

const bytes = readFileSync(direction);

/** Whether a model adds one: it was loaded whole. */
async function expectAddsOne(source: ModelSource, options: LoadModelOptions = {}) {
  const model = await loadModel(source, options);
  const { outputs } = await model.run({
    x: new Tensor("float32", Float32Array.of(1, 2, 3), [1, 3]),
  });
  expect(numbers(outputs.y!)).toEqual([2, 3, 4]);
  model.dispose();
}

let address: string;
const server = createServer((request, response) => {
  const path = request.url ?? "";
  if (path === "/model.onnx") {
    response.setHeader("content-length", bytes.length);
    response.end(bytes);
  } else if (path === "/packed.onnx") {
    const packed = gzipSync(bytes);
    response.setHeader("content-encoding", "gzip");
    response.setHeader("content-length", packed.length);
    response.end(packed);
  } else if (path === "/small.onnx") {
    response.end(addOne);
  } else if (path === "/page.onnx") {
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end("<!doctype html><title>not here</title>");
  } else if (path === "/broken.onnx") {
    response.setHeader("content-length", bytes.length);
    response.write(bytes.subarray(0, 1000), () => response.destroy());
  } else if (path === "/never.onnx") {
    response.setHeader("content-length", 1000);
    response.write("x");
  } else {
    response.statusCode = 404;
    response.end();
  }
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe.each([
  ["in this thread", false],
  ["in a worker", true],
])("a model is loaded, %s,", (_, worker) => {
  test.each<[string, () => ModelSource | Promise<ModelSource>]>([
    ["an address", () => `${address}/small.onnx`],
    ["a URL", () => new URL("small.onnx", `${address}/`)],
    ["a data: address", () => `data:;base64,${Buffer.from(addOne).toString("base64")}`],
    ["a response", () => fetch(`${address}/small.onnx`)],
    ["a blob", () => new Blob([addOne as BlobPart])],
    ["an ArrayBuffer", () => addOne.slice().buffer],
    ["a part of an ArrayBuffer", () => new Uint8Array([9, 9, ...addOne, 9]).subarray(2, -1)],
    ["a Buffer", () => Buffer.from(addOne)],
  ])("from %s", async (_, source) => {
    await expectAddsOne(await source(), { worker });
  });

  test("from a promise of a response", async () => {
    await expectAddsOne(fetch(`${address}/small.onnx`), { worker });
  });

  test.each([
    ["a path", () => direction],
    ["a file: URL", () => pathToFileURL(direction)],
    ["a file of several chunks", () => openAsBlob(direction)],
    ["a server that compresses", () => `${address}/packed.onnx`],
  ])("from %s", async (_, source) => {
    const model = await loadModel(await source(), { worker });
    expect(model.inputs).toEqual([
      {
        name: "x",
        dtype: "float32",
        shape: [expect.any(String), 3, expect.any(String), expect.any(String)],
      },
    ]);
    expect(model.outputs).toHaveLength(1);
    expect(model.attention).toHaveLength(9);
    expect(model.info.worker).toBe(worker);
    model.dispose();
  });

  test("and the bytes of the caller stay as they are", async () => {
    const copy = bytes.slice();
    (await loadModel(copy, { worker })).dispose();
    expect(copy.equals(bytes)).toBe(true);
  });

  test("with weights in other files", async () => {
    const weights = { one: { shape: [3], location: "weights/one.bin" } };
    const nodes = [{ operator: "Add", inputs: ["x", "one"], outputs: ["y"] }];
    const model = writeModel({ inputs: { x: [1, 3] }, outputs: { y: [1, 3] }, weights, nodes });
    const externalData = { "weights/one.bin": new Blob([Float32Array.of(1, 1, 1)]) };
    await expectAddsOne(model, { worker, externalData });
    await expectError(loadModel(model, { worker }), "missing-external-data", "weights/one.bin");
  });

  test("with inner tensors that are kept", async () => {
    const model = await loadModel(fused, { worker, keep: ["sum", "rectified"] });
    const x = new Tensor("float32", Float32Array.of(-3, 4), [2]);
    const { outputs } = await model.run({ x }, { outputs: ["sum", "rectified", "y"] });
    expect(numbers(outputs.sum!)).toEqual([-2, 5]);
    expect(numbers(outputs.rectified!)).toEqual([0, 5]);
    expect(numbers(outputs.y!)).toEqual([0, 5]);
    model.dispose();
    await expectError(loadModel(fused, { worker, keep: ["some"] }), "unknown-name", "some");
  });

  test("without looking for attention blocks", async () => {
    const model = await loadModel(direction, { worker, recognize: false });
    expect(model.attention).toEqual([]);
    model.dispose();
  });

  test("and says how far it is", async () => {
    const seen: [number, number | undefined][] = [];
    const onProgress: LoadModelOptions["onProgress"] = ({ loaded, total }) =>
      seen.push([loaded, total]);
    (await loadModel(`${address}/model.onnx`, { worker, onProgress })).dispose();
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.map(([loaded]) => loaded)).toEqual(
      seen.map(([loaded]) => loaded).sort((a, b) => a - b),
    );
    expect(seen.at(-1)).toEqual([bytes.length, bytes.length]);
    seen.length = 0;
    (await loadModel(`${address}/packed.onnx`, { worker, onProgress })).dispose();
    expect(seen.at(-1)).toEqual([bytes.length, undefined]);
  });

  test("unless its signal says stop", async () => {
    await expectError(loadModel(addOne, { worker, signal: AbortSignal.abort() }), "aborted");
    const controller = new AbortController();
    const { signal } = controller;
    const onProgress = () => controller.abort(new Error("enough"));
    await expectError(loadModel(direction, { worker, signal, onProgress }), "aborted");
    const late = new AbortController();
    setTimeout(() => late.abort(), 50);
    const waiting = loadModel(`${address}/never.onnx`, { worker, signal: late.signal });
    await expectError(waiting, "aborted");
  });
});

describe("a load that fails says why, and can be tried again:", () => {
  test.each<[string, () => ModelSource, string, RegExp]>([
    ["no such file", () => "no/such.onnx", "fetch-failed", /no\/such\.onnx/],
    ["a folder", () => build, "fetch-failed", /not a file/],
    ["404", () => `${address}/none.onnx`, "fetch-failed", /none\.onnx.*404 Not Found/],
    ["a web page", () => `${address}/page.onnx`, "fetch-failed", /page\.onnx.*text\/html/],
    ["a connection that breaks", () => `${address}/broken.onnx`, "fetch-failed", /broken\.onnx/],
    ["no server", () => "http://127.0.0.1:9/x.onnx", "fetch-failed", /127\.0\.0\.1:9/],
    ["no protocol that exists", () => "nonsense:x", "fetch-failed", /nonsense/],
    ["an empty file", () => new Uint8Array(0), "invalid-file", /./],
    ["text", () => new TextEncoder().encode("hello, I am no model"), "invalid-file", /./],
    [
      "an HTML file",
      () => new TextEncoder().encode("<!doctype html>"),
      "invalid-file",
      /text|HTML/,
    ],
    ["a number", () => 5 as unknown as string, "invalid-argument", /Number/],
    ["nothing", () => undefined as unknown as string, "invalid-argument", /Undefined/],
  ])("%s", async (_, source, code, message) => {
    await expectError(loadModel(source()), code, message);
    await expectAddsOne(addOne);
  });

  test("a response whose body was read", async () => {
    const response = await fetch(`${address}/small.onnx`);
    await response.arrayBuffer();
    await expectError(loadModel(response), "fetch-failed", /read before/);
  });

  test("a promise that fails, or gives something else", async () => {
    await expectError(loadModel(Promise.reject(new Error("no luck"))), "fetch-failed", /no luck/);
    const seven = Promise.resolve(7) as unknown as Promise<Response>;
    await expectError(loadModel(seven), "invalid-argument", /Response/);
  });

  test("a file that is cut short, at any of many places", async () => {
    for (let length = 1; length < addOne.length; length++) {
      await expectError(loadModel(addOne.slice(0, length)), "invalid-file", /./);
    }
    for (let length = 7; length < bytes.length; length += 9973) {
      await expectError(loadModel(bytes.subarray(0, length)), "invalid-file", /./);
    }
  });

  test("operators that do not exist, all of them at once", async () => {
    const nodes = [
      { operator: "Wibble", inputs: ["x"], outputs: ["a"] },
      { operator: "Wobble", inputs: ["a"], outputs: ["y"] },
    ];
    const model = writeModel({ inputs: { x: [1] }, outputs: { y: [1] }, nodes });
    await expectError(loadModel(model), "unsupported-operator", "Wibble", "Wobble");
  });

  test("an operator set that is too old", async () => {
    const nodes = [{ operator: "Relu", inputs: ["x"], outputs: ["y"] }];
    const model = writeModel({ inputs: { x: [1] }, outputs: { y: [1] }, nodes, opset: 3 });
    await expectError(loadModel(model), "unsupported-opset", "3");
  });

  test("a cycle, and an edge from nowhere", async () => {
    const cycle = [
      { operator: "Add", inputs: ["x", "b"], outputs: ["a"] },
      { operator: "Relu", inputs: ["a"], outputs: ["b"] },
    ];
    const shapes = { inputs: { x: [1] }, outputs: { b: [1] } };
    await expectError(loadModel(writeModel({ ...shapes, nodes: cycle })), "invalid-graph", /cycle/);
    const dangling = [{ operator: "Add", inputs: ["x", "nowhere"], outputs: ["b"] }];
    await expectError(
      loadModel(writeModel({ ...shapes, nodes: dangling })),
      "invalid-graph",
      "nowhere",
    );
  });

  test.each<[string, object, string, RegExp]>([
    ["an unknown option", { thread: 2 }, "unknown-option", /"thread".*"worker".*"recognize"/],
    ["an option of Object's", JSON.parse('{"__proto__": 1}'), "unknown-option", /__proto__/],
    [
      "an option of another type",
      { worker: "yes" },
      "invalid-argument",
      /"worker".*boolean.*string/,
    ],
    ["null as an option", { signal: null }, "invalid-argument", /"signal".*null/],
    ["names that are none", { keep: [1] }, "invalid-argument", /"keep"/],
    ["workerUrl without a worker", { workerUrl: "w.js" }, "invalid-argument", /worker: true/],
  ])("%s", async (_, options, code, message) => {
    await expectError(loadModel(addOne, options as LoadModelOptions), code, message);
  });
});

describe("the engine", () => {
  const simd128 = readFileSync(`${build}/package/simd128.wasm`);

  test("can be given: as a path, an address, bytes, a response, a module", async () => {
    const file = `${build}/package/simd128.wasm`;
    const response = () =>
      new Response(simd128, { headers: { "content-type": "application/wasm" } });
    for (const wasm of [
      file,
      pathToFileURL(file),
      simd128,
      response(),
      Promise.resolve(response()),
    ]) {
      await expectAddsOne(addOne, { wasm });
      await expectAddsOne(addOne, { wasm: new WebAssembly.Module(simd128), worker: true });
    }
    const model = await loadModel(addOne, { wasm: new WebAssembly.Module(simd128) });
    expect(model.info.build).toBe("simd128");
  });

  test("is the relaxed build where relaxed SIMD validates", async () => {
    const model = await loadModel(addOne);
    const relaxed = readFileSync(`${build}/package/relaxed.wasm`);
    expect(model.info.build).toBe(WebAssembly.validate(relaxed) ? "relaxed" : "simd128");
  });

  test("of another version, or none at all, is refused", async () => {
    const other = Buffer.from(simd128);
    other[other.lastIndexOf(" simd128") - 1]! ^= 1;
    await expectError(loadModel(addOne, { wasm: other }), "version-mismatch", /same version/);
    const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
    await expectError(loadModel(addOne, { wasm: empty }), "version-mismatch", /no module of heed/);
    await expectError(
      loadModel(addOne, { wasm: addOne }),
      "version-mismatch",
      /starts with the bytes 08/,
    );
    await expectError(
      loadModel(addOne, { wasm: "no/such.wasm" }),
      "fetch-failed",
      /no\/such\.wasm/,
    );
    await expectAddsOne(addOne);
  });

  test("comes from a separate file with heed/external", async () => {
    const model = await external.loadModel(addOne);
    const { outputs } = await model.run({
      x: new external.Tensor("float32", new Float32Array(3), [1, 3]),
    });
    expect(numbers(outputs.y!)).toEqual([1, 1, 1]);
    model.dispose();
  });
});
