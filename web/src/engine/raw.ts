// What cpp/bindings registers, as JavaScript sees it.

/** A status: empty when all is well, else a code, a newline and a message. */
export type RawStatus = string;

/** The class `Engine` of cpp/bindings/bindings.cpp: one session and the files it is made from. */
export interface RawEngine {
  /** The address of `bytes` bytes for a file ("" is the model itself); 0 when there is no memory. Keeps what was written. */
  reserve(file: string, bytes: number): number;
  keep(tensor: string): void;
  load(recognize: boolean): RawStatus;
  /** JSON: a {@link Description}. */
  describe(): string;
  /** The address of `words` int32 words for the request that `prepare` reads. */
  request(words: number): number;
  prepare(): RawStatus;
  /** Where input `index` is to be written: row-major elements. */
  inputAddress(index: number): number;
  /** Works for about that long; 0: to the end. */
  execute(milliseconds: number): RawStatus;
  finished(): boolean;
  /** JSON: a {@link RawResults}. */
  results(): string;
}

export interface RawRuntime {
  Engine: new () => RawEngine;
  /** JSON: the codes of base/status.h, in its order. */
  codes(): string;
  /** Replaced by a new view whenever the memory grows. */
  HEAPU8: Uint8Array;
}

export type CreateRuntime = (options: {
  instantiateWasm(
    imports: WebAssembly.Imports,
    receive: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
  ): object;
}) => Promise<RawRuntime>;
