// A session in this thread. It has its engine to itself, or shares it with others.

import { checkAborted, HeedError } from "../errors.ts";
import { copyArray, kDTypes, type TypedArray } from "../tensor.ts";
import { check, Engine, leaveName, textAt } from "./engine.ts";
import { yieldToEvents } from "./platform.ts";
import { kUnfinished, type RawEngine } from "./raw.ts";
import {
  checkInto,
  type Description,
  type LoadOptions,
  type RunReply,
  type RunRequest,
  type Session,
  type Value,
} from "./session.ts";

/** How long a run with a signal works before it looks whether it was aborted. */
const kSlice = 12;

const kMaxBytes = 2 ** 32 - 1;

/** Any array, by its bytes. */
const bytesOf = ({ buffer, byteOffset, byteLength }: TypedArray) =>
  new Uint8Array(buffer, byteOffset, byteLength);

export class LocalSession implements Session {
  #engine: Engine | undefined;
  readonly #alone: boolean;
  readonly #handle: number;
  readonly #files = new Map<string, number>();

  /** A session in an engine; `alone` if nobody else uses that. */
  constructor(engine: Engine, alone: boolean) {
    this.#engine = engine;
    this.#alone = alone;
    this.#handle = engine.call((raw) => raw.open());
  }

  /** A session with an engine of its own. Errors: `out-of-memory`, `unsupported-platform`. */
  static async create(module: WebAssembly.Module): Promise<LocalSession> {
    return new LocalSession(await Engine.create(module), true);
  }

  get disposed(): boolean {
    return this.#engine?.closed ?? true;
  }

  dispose(): void {
    if (this.#alone) this.#engine?.close();
    else this.#engine?.release(this.#handle);
    this.#engine = undefined;
  }

  async reserve(file: string, bytes: number): Promise<void> {
    const address =
      bytes > kMaxBytes
        ? 0
        : this.#call((raw) => raw.reserve(this.#handle, leaveName(raw, file), bytes) >>> 0);
    if (address === 0) {
      const message = `no memory for ${file ? `"${file}"` : "a model"} of ${bytes} bytes`;
      throw new HeedError("out-of-memory", message);
    }
    this.#files.set(file, address);
  }

  async write(file: string, offset: number, chunk: Uint8Array): Promise<void> {
    this.#call((raw) => raw.HEAPU8.set(chunk, this.#files.get(file)! + offset));
  }

  async load({ keep, recognize }: LoadOptions): Promise<Description> {
    return this.#call((raw) => {
      for (const name of keep) raw.keep(this.#handle, leaveName(raw, name));
      check(raw, raw.load(this.#handle, Number(recognize)));
      return this.#describe(raw);
    });
  }

  /** The session of a layer or network (words of layers/encode.ts), with the weights of a handle, or 0. */
  build(words: readonly number[], weights: number): Description {
    return this.#call((raw) => {
      raw.HEAP32.set(words, (raw.words(words.length) >>> 0) / 4);
      check(raw, raw.build(this.#handle, weights));
      return this.#describe(raw);
    });
  }

  #describe(raw: RawEngine): Description {
    const description = JSON.parse(textAt(raw, raw.describe(this.#handle)));
    description.memory.heapBytes = raw.HEAPU8.length;
    return description;
  }

  /** A run from its beginning to its end. */
  runAtOnce(request: RunRequest, into: readonly (TypedArray | undefined)[]): RunReply {
    this.#call((raw) => {
      this.#prepare(raw, request);
      this.#execute(raw, 0);
    });
    return this.#results(into);
  }

  /** Rows that attention keeps between runs. */
  get cacheLength(): number {
    return this.#call((raw) => raw.cacheLength(this.#handle));
  }

  truncateCache(length: number): void {
    this.#call((raw) => check(raw, raw.truncateCache(this.#handle, length)));
  }

  async run(
    request: RunRequest,
    into: readonly (TypedArray | undefined)[],
    signal: AbortSignal | undefined,
  ): Promise<RunReply> {
    this.#call((raw) => this.#prepare(raw, request));
    do {
      if (signal) {
        await yieldToEvents();
        checkAborted(signal);
      }
    } while (!this.#call((raw) => this.#execute(raw, signal ? kSlice : 0)));
    return this.#results(into);
  }

  /** Plans the run, and copies its inputs to where it reads them. */
  #prepare(raw: RawEngine, { inputs, wanted }: RunRequest): void {
    const words: number[] = [];
    for (const { shape } of inputs) words.push(shape.length, ...shape);
    words.push(wanted.length, ...wanted);
    const address = raw.words(words.length) >>> 0;
    raw.HEAP32.set(words, address / 4);
    check(raw, raw.prepare(this.#handle));
    inputs.forEach(({ data }, index) => {
      raw.HEAPU8.set(bytesOf(data), raw.inputAddress(this.#handle, index) >>> 0);
    });
  }

  /** Whether the run is finished. */
  #execute(raw: RawEngine, milliseconds: number): boolean {
    const status = raw.execute(this.#handle, milliseconds);
    if (status === kUnfinished) return false;
    check(raw, status);
    return true;
  }

  #results(into: readonly (TypedArray | undefined)[]): RunReply {
    const { at, HEAP32, HEAPU8 } = this.#call((raw) => {
      const address = raw.results(this.#handle) >>> 0;
      return { at: address / 4, HEAP32: raw.HEAP32, HEAPU8: raw.HEAPU8 };
    });
    let next = at;
    const take = () => HEAP32[next++]! >>> 0;
    const values: Value[] = [];
    for (let left = take(); left > 0; left--) {
      const dtype = kDTypes[take()]!;
      const address = take();
      const bytes = take();
      const shape: number[] = [];
      for (let axes = take(); axes > 0; axes--) shape.push(take());
      let data = into[values.length];
      if (data) {
        checkInto(data, dtype, bytes);
        bytesOf(data).set(HEAPU8.subarray(address, address + bytes));
      } else {
        data = copyArray(dtype, HEAPU8, address, bytes);
      }
      values.push({ dtype, shape, data });
    }
    const memory = { weightBytes: take(), arenaBytes: take(), plans: take() };
    return { values, memory: { ...memory, heapBytes: HEAPU8.length } };
  }

  #call<T>(work: (raw: RawEngine) => T): T {
    if (!this.#engine) throw new HeedError("disposed", "the model was disposed of");
    return this.#engine.call(work);
  }
}
