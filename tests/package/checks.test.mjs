// What others' tools say about the package: publint, attw, TypeScript; and its size.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root, run } from "../../.dev/run.mjs";
import { bundledSize, kLayersScriptLimit, kSizeLimit, layersSize } from "../../.dev/size.mjs";
import { installed, project } from "./tarball.mjs";

test("publint has nothing to say", async () => {
  const { publint } = await import("publint");
  const { messages } = await publint({
    pkgDir: join(await installed(), "node_modules/heed"),
    pack: false,
    strict: true,
  });
  // Optional fields that only a published repository has.
  expect(messages.filter(({ code }) => code !== "USE_REPOSITORY")).toEqual([]);
});

test("attw finds the types of every entry, for every kind of resolution", async () => {
  const folder = await installed();
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  const attw = join(root, "node_modules/@arethetypeswrong/cli/dist/index.js");
  const scripts = ["./worker.js", "./*.wasm"];
  const args = ["--profile", "node16", "--format", "ascii", "--exclude-entrypoints", ...scripts];
  const { status, output } = await run(process.execPath, [attw, join(folder, tarball), ...args], {
    check: false,
  });
  expect({ status, output }).toMatchObject({ status: 0 });
  expect(output).toMatch(/No problems found/);
});

const kUse = `
  const source: ModelSource = new Uint8Array(4);
  export async function use(signal: AbortSignal): Promise<Float32Array> {
    using model = await loadModel(source, {
      worker: true, workerUrl: "worker.js", signal, keep: ["a"], recognize: false,
      externalData: { "w.bin": new Blob([]) },
      onProgress: ({ loaded, total }) => console.log(loaded + (total ?? 0)),
    });
    const { name, dtype, shape }: TensorInfo = model.inputs[0]!;
    const extent: number | string | undefined = shape?.[0];
    const ids: string[] = model.attention.map(({ id, mechanism, kind, node, shape: map }) =>
      [id, mechanism, kind, node, ...map].join());
    const image = Tensor.fromImage({ data: new Uint8ClampedArray(4), width: 1, height: 1 }, {
      size: { width: 2, height: 2 }, resize: "contain", order: "bgr", mean: [0, 0, 0], std: [1, 1, 1],
    });
    const pixels: Float32Array = image.data;
    const bits: BigInt64Array = new Tensor("int64", BigInt64Array.of(1n), [1]).data;
    const { outputs, attention }: RunResult = await model.run(
      { [name]: image }, { attention: ids, outputs: ["y"], signal, into: { y: new Float32Array(4) } },
    );
    const map: Tensor | undefined = attention.get("se.0");
    const build: "simd128" | "relaxed" = model.info.build;
    const y = outputs.y;
    if (y?.dtype === "float32") console.log((y as Tensor<"float32">).data[0]!.toFixed());
    console.log(extent, dtype, map, build, pixels, bits, image.shape[0]);
    model.dispose();
    return image.data;
  }
  export function explain(error: unknown): string {
    if (!(error instanceof HeedError)) return "";
    const code: ErrorCode = error.code;
    if (code === "aborted") return error.message;
    // @ts-expect-error there is no such code
    return code === "abort" ? "" : "";
  }
  // @ts-expect-error a typed array of another type
  new Tensor("int64", new Float32Array(1), [1]);
  // @ts-expect-error an option that does not exist
  void loadModel(source, { threads: 4 });
  // @ts-expect-error not a source
  void loadModel(5);
  // @ts-expect-error the list cannot be changed
  async () => { (await loadModel(source)).attention.length = 0; };
`;

const kUseLayers = `
  import { CBAM, Conv1d, ECA, GRU, loadSafetensors, Network, Residual, Sequential, Tensor } from "heed/layers";
  import type { ForwardResult, Part, Weights } from "heed/layers";
  export async function use(x: Tensor): Promise<Float32Array> {
    const weights: Weights = await loadSafetensors(new Uint8Array(8));
    using cbam: CBAM = await CBAM.create({ weights: weights.under("layer1.cbam"), pools: ["avg", "lse"] });
    const { output, outputs, attention, maps }: ForwardResult = cbam.forward({ x }, { attention: ["channel"] });
    const map: Tensor | undefined = maps.get("channel") ?? attention;
    const part: Part = ECA.of({ at: "eca", padding: "circular" });
    const sequence = await Sequential.create({ parts: { first: cbam, second: part }, seed: 3 });
    const residual = await Residual.create({ parts: [sequence], activation: "gelu" });
    const network = await Network.create((g) => {
      const input = g.input("x", ["batch", 3, "length"]);
      const y = g.apply(Conv1d.of({ at: "conv", padding: "same" }), input);
      const last = g.apply(GRU.of(), [y]).result(1);
      return { y, last, sum: g.apply(part, { x: y }) };
    }, { weights });
    const name: string = network.attention[0]!.id;
    const length: number = network.cacheLength;
    network.reset();
    console.log(residual.forward(x).output.shape, outputs.output, map, name, length);
    return output.dtype === "float32" ? (output as Tensor<"float32">).data : new Float32Array();
  }
  // @ts-expect-error an option that the layer does not have
  void ECA.create({ kernel: 3 });
  // @ts-expect-error an activation that does not exist
  void CBAM.create({ gate: "soft" });
  // @ts-expect-error a part is no network
  void Network.create(() => ECA.of());
`;

const kTypes = "type ErrorCode, HeedError, type ModelSource, type RunResult, type TensorInfo";

test.each([
  ["an ES module", "mts", "node16"],
  ["CommonJS", "cts", "node16"],
  ["a bundler", "ts", "bundler"],
])("the types serve %s, strictly, libraries checked too", async (_, ending, moduleResolution) => {
  const use = (entry) => `import { ${kTypes}, loadModel, Tensor } from "${entry}";${kUse}`;
  const compilerOptions = {
    ...{ module: ending === "ts" ? "esnext" : "node16", moduleResolution, target: "es2022" },
    ...{ lib: ["es2022", "dom"], types: [], strict: true, noEmit: true, skipLibCheck: false },
    ...{ exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
  };
  const folder = await project(`types-${ending}`, {
    [`main.${ending}`]: use("heed"),
    [`external.${ending}`]: use("heed/external"),
    [`layers.${ending}`]: kUseLayers,
    "package.json": '{ "type": "module" }',
    "tsconfig.json": JSON.stringify({ compilerOptions }),
  });
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const { output } = await run(process.execPath, [tsc, "-p", folder], { check: false });
  expect(output).toBe("");
});

test("everything that `import * as heed` brings, both builds included, stays within the limit of .dev/size.mjs", async () => {
  const { gzip } = await bundledSize();
  expect(gzip).toBeLessThanOrEqual(kSizeLimit);
});

test("the JavaScript of heed/layers stays within its limit", async () => {
  const { script } = await layersSize();
  expect(script).toBeGreaterThan(1000);
  expect(script).toBeLessThanOrEqual(kLayersScriptLimit);
});
