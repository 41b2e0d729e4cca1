// `heed/layers`: the attention catalogue and what stands around it, as layers with PyTorch weights.

export * from "heed/layer-kinds";
export { HeedError } from "../errors.ts";
export { type DType, Tensor, type TypedArray } from "../tensor.ts";
export {
  type Activation as ActivationName,
  type CreateOptions,
  type ForwardOptions,
  type ForwardResult,
  Layer,
  type Part,
  type Parts,
} from "./layer.ts";
export { LayerSession } from "./layer-session.ts";
export {
  type Arguments,
  Network,
  NetworkBuilder,
  type NetworkOptions,
  NetworkValue,
} from "./network.ts";
export { loadSafetensors, type WeightSource, Weights } from "./weights.ts";
