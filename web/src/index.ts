// The package: everything that `import ... from "heed"` brings, with the engine inside.

import { workerSource } from "heed/worker";
import { embeddedEngine } from "./engine/embedded.ts";
import { type LoadModelOptions, loadModelWith } from "./load-model.ts";
import type { Model } from "./model.ts";
import type { ModelSource } from "./source.ts";

export * from "./api.ts";

/**
 * Loads an ONNX model.
 * @throws HeedError `invalid-file`, `unsupported-operator`, `unsupported-opset`, `unsupported-type`,
 * `invalid-graph`, `missing-external-data`, `unknown-name` (in `keep`), `out-of-memory`, `unknown-option`,
 * `invalid-argument`, `fetch-failed`, `version-mismatch`, `unsupported-platform`, `aborted`. Every load can be
 * tried again.
 */
export function loadModel(source: ModelSource, options: LoadModelOptions = {}): Promise<Model> {
  return loadModelWith(embeddedEngine, workerSource, source, options);
}
