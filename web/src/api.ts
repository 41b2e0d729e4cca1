// What `heed` and `heed/external` have in common.

export type { Build, WasmSource } from "./engine/compile.ts";
export type { AttentionBlock, Dimension, MemoryUse, TensorInfo } from "./engine/session.ts";
export { type ErrorCode, HeedError } from "./errors.ts";
export type { ImageOptions, ImageSource, Pixels } from "./image.ts";
export type { LoadModelOptions, LoadProgress } from "./load-model.ts";
export type { Model, ModelInfo, RunOptions, RunResult } from "./model.ts";
export type { ModelSource } from "./source.ts";
export { type DType, Tensor, type TypedArray, type TypedArrays } from "./tensor.ts";
