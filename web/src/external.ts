// The package with the engine as a separate file beside it, or given by the option `wasm`.

import { workerSource } from "heed/worker";
import { chooseBuild, compileGiven, once } from "./engine/compile.ts";
import { type LoadModelOptions, loadModelWith } from "./load-model.ts";
import type { Model } from "./model.ts";
import type { ModelSource } from "./source.ts";

export * from "./api.ts";

const externalEngine = /* @__PURE__ */ once(() =>
  compileGiven(
    chooseBuild() === "relaxed"
      ? new URL("./relaxed.wasm", import.meta.url)
      : new URL("./simd128.wasm", import.meta.url),
  ),
);

/** As `loadModel` of `heed`, but the engine is fetched: `simd128.wasm` or `relaxed.wasm`, from beside this file. */
export function loadModel(source: ModelSource, options: LoadModelOptions = {}): Promise<Model> {
  return loadModelWith(externalEngine, workerSource, source, options);
}
