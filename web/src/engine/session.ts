// What a model needs of an engine. Two classes do it: one in this thread, one whose engine lives in a worker.

import { HeedError } from "../errors.ts";
import { checkArray, type DType, type TypedArray } from "../tensor.ts";

/** The extent of an axis, the name that the file gives it, or "?". */
export type Dimension = number | string;

/** An input or output: its name, its element type and its shape as the file declares it. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: DType;
  /** Undefined when the file does not say how many axes there are. */
  readonly shape: readonly Dimension[] | undefined;
}

/** An attention block of a network. */
export interface AttentionBlock {
  /** What `run` and its result call it: the mechanism's short name and a number, such as "se.3". */
  readonly id: string;
  /** The mechanism's name, such as "squeeze-excite". */
  readonly mechanism: string;
  /** What is attended to: "channel", "spatial", "branch", "self", "temporal" or "region". */
  readonly kind: string;
  /** The node of the file that the block ends with. */
  readonly node: string;
  /** The tensor that is attended to. */
  readonly input: string;
  /** The tensor that the block gives. */
  readonly output: string;
  /** Of the map. */
  readonly shape: readonly Dimension[];
}

/** Bytes in use. */
export interface MemoryUse {
  /** Weights, packed for the kernels. */
  readonly weightBytes: number;
  /** All activations of the most recent run's plan at their peak; 0 before the first run. */
  readonly arenaBytes: number;
  /** The whole of the model's WebAssembly memory. */
  readonly heapBytes: number;
  /** Plans that are kept, one for each combination of input shapes and outputs; at most 8. */
  readonly plans: number;
}

export interface Description {
  inputs: TensorInfo[];
  outputs: TensorInfo[];
  /** With the number of the map's tensor. */
  attention: (AttentionBlock & { map: number })[];
  operators: { name: string; count: number }[];
  /** Tensors that a run can give, by number: a number is what a request says. */
  tensors: { name: string; id: number }[];
  memory: MemoryUse;
}

export interface RunRequest {
  /** One for each input of the model, in its order. */
  inputs: { shape: readonly number[]; data: TypedArray }[];
  /** Numbers of the tensors that are wanted. */
  wanted: number[];
}

export interface Value {
  dtype: DType;
  shape: number[];
  data: TypedArray;
}

export interface RunReply {
  /** In the order of the request. */
  values: Value[];
  memory: MemoryUse;
}

export interface LoadOptions {
  keep: readonly string[];
  recognize: boolean;
}

export interface Session {
  readonly disposed: boolean;
  /** Makes room for a file of that size; "" is the model, other names are its external data. */
  reserve(file: string, bytes: number): Promise<void>;
  write(file: string, offset: number, chunk: Uint8Array): Promise<void>;
  load(options: LoadOptions): Promise<Description>;
  /** `into` may hold an array for some values: they are then written there. */
  run(
    request: RunRequest,
    into: readonly (TypedArray | undefined)[],
    signal: AbortSignal | undefined,
  ): Promise<RunReply>;
  dispose(): void;
}

/** Throws unless `target`, a buffer of the user's, can hold the value. */
export function checkInto(target: TypedArray, dtype: DType, bytes: number): void {
  checkArray(dtype, target, "an `into` buffer for an output");
  if (target.byteLength !== bytes) {
    const message = `an \`into\` buffer has ${target.byteLength} bytes, its output ${bytes}`;
    throw new HeedError("wrong-shape", message);
  }
}
