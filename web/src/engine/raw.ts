// The functions of cpp/bindings/calls.h, as JavaScript sees them. An address is an int32: `>>> 0` makes it one.

/** The number of a code in base/status.h: 0 when all is well, else one more than its place in `kErrorCodes`; `text` is its message. */
export type RawStatus = number;

/** What `execute` returns where the run goes on. */
export const kUnfinished = -1;

export interface RawEngine {
  /** A handle, to files and then to the session that is made from them. */
  open(): number;
  /** Frees the session, the files, and the handle, which `open` may give again. */
  release(handle: number): void;
  /** The address of `count` int32 words for what the next call reads: a name or a request. */
  words(count: number): number;
  /** The address of the text that the last call gave; a 0 ends it. */
  text(): number;

  /** The address of `bytes` bytes for a file ("" is the model itself); 0 when there is no memory. Keeps what was written. */
  reserve(handle: number, nameBytes: number, bytes: number): number;
  keep(handle: number, nameBytes: number): void;
  load(handle: number, recognize: number): RawStatus;
  /** The address of JSON: a {@link Description}. */
  describe(handle: number): number;

  /** Reads the request in `words`: for each input its rank and its extents, then how many tensors are wanted, and their ids. */
  prepare(handle: number): RawStatus;
  /** Where input `index` is to be written: row-major elements. */
  inputAddress(handle: number, index: number): number;
  /** Works for about that long; 0: to the end. */
  execute(handle: number, milliseconds: number): RawStatus | typeof kUnfinished;
  /**
   * The address of words: how many values there are; for each its type (the place in `kDTypes`), address, bytes, rank and
   * extents; weight bytes, arena bytes and plans.
   */
  results(handle: number): number;

  // Layers: cpp/bindings/layers.

  /** The texts of recipes, that many bytes in `words`; before the first `build`. */
  addRecipes(bytes: number): void;
  /** Reads the file "" as safetensors, and keeps its weights. */
  addWeights(handle: number): RawStatus;
  /** Keeps another handle's weights too, with a prefix (left in `words`) in front of their names. */
  adopt(handle: number, other: number, prefixBytes: number): void;
  /** Makes the session of a layer or network, described in `words`, with the weights of another handle, or 0. */
  build(handle: number, weights: number): RawStatus;
  /** Whether a file of that size that begins with what is in `words` is a safetensors file. */
  checkSafetensors(headBytes: number, fileBytes: number): RawStatus;
  cacheLength(handle: number): number;
  truncateCache(handle: number, length: number): RawStatus;

  /** Replaced by new views whenever the memory grows. */
  HEAPU8: Uint8Array;
  HEAP32: Int32Array;
}

export type CreateEngine = (options: {
  /** Is to instantiate the module with these imports and hand it over. */
  instantiateWasm(
    imports: WebAssembly.Imports,
    receive: (result: { instance: WebAssembly.Instance }) => void,
  ): unknown;
}) => Promise<RawEngine>;
