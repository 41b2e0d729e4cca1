// The engine in this thread. The one place that touches WebAssembly memory.

import { createEngine } from "heed/engine";
import { checkAborted, type ErrorCode, HeedError, messageOf } from "../errors.ts";
import { type DType, makeArray, type TypedArray } from "../tensor.ts";
import { yieldToEvents } from "./platform.ts";
import type { CreateRuntime, RawEngine, RawRuntime, RawStatus } from "./raw.ts";
import {
  checkInto,
  type Description,
  type LoadOptions,
  type MemoryUse,
  type RunReply,
  type RunRequest,
  type Session,
} from "./session.ts";

/** How long a run with a signal works before it looks whether it was aborted. */
const kSlice = 12;

const kMaxBytes = 2 ** 32 - 1;

interface RawResults {
  values: { dtype: DType; shape: number[]; address: number; bytes: number }[];
  memory: Omit<MemoryUse, "heapBytes">;
}

const createRuntime: CreateRuntime = createEngine;

function instantiate(module: WebAssembly.Module): Promise<RawRuntime> {
  return new Promise((resolve, reject) => {
    const instantiateWasm: Parameters<CreateRuntime>[0]["instantiateWasm"] = (imports, receive) => {
      WebAssembly.instantiate(module, imports).then(
        (instance) => receive(instance, module),
        reject,
      );
      return {};
    };
    createRuntime({ instantiateWasm }).then(resolve, reject);
  });
}

function startFailure(cause: unknown): HeedError {
  if (cause instanceof HeedError) return cause;
  const reason = messageOf(cause);
  if (cause instanceof RangeError || /memory/i.test(reason)) {
    const message = `no memory for another model (${reason}). A page can have about 125 models at the same time, each with a WebAssembly memory of its own: dispose of those that are no longer needed`;
    return new HeedError("out-of-memory", message, { cause });
  }
  return new HeedError("unsupported-platform", `the engine did not start: ${reason}`, { cause });
}

export class LocalSession implements Session {
  #runtime: RawRuntime | undefined;
  #engine: RawEngine | undefined;
  readonly #files = new Map<string, number>();

  private constructor(runtime: RawRuntime) {
    this.#runtime = runtime;
    this.#engine = new runtime.Engine();
  }

  /** Instantiates the module. Errors: `out-of-memory`, `unsupported-platform`. */
  static async create(module: WebAssembly.Module): Promise<LocalSession> {
    try {
      return new LocalSession(await instantiate(module));
    } catch (cause) {
      throw startFailure(cause);
    }
  }

  get disposed(): boolean {
    return this.#engine === undefined;
  }

  /** The memory goes when the garbage collector finds that nothing refers to it. */
  dispose(): void {
    this.#runtime = undefined;
    this.#engine = undefined;
  }

  async reserve(file: string, bytes: number): Promise<void> {
    const address =
      bytes > kMaxBytes ? 0 : this.#call((engine) => engine.reserve(file, bytes) >>> 0);
    if (address === 0) {
      const message = `no memory for ${file ? `"${file}"` : "a model"} of ${bytes} bytes`;
      throw new HeedError("out-of-memory", message);
    }
    this.#files.set(file, address);
  }

  async write(file: string, offset: number, chunk: Uint8Array): Promise<void> {
    this.#heap().set(chunk, this.#files.get(file)! + offset);
  }

  async load({ keep, recognize }: LoadOptions): Promise<Description> {
    for (const name of keep) this.#call((engine) => engine.keep(name));
    this.#try((engine) => engine.load(recognize));
    const description = JSON.parse(this.#call((engine) => engine.describe()));
    return { ...description, memory: this.#memory(description.memory) };
  }

  async run(
    request: RunRequest,
    into: readonly (TypedArray | undefined)[],
    signal: AbortSignal | undefined,
  ): Promise<RunReply> {
    this.#prepare(request);
    for (const [index, { data }] of request.inputs.entries()) {
      const address = this.#call((engine) => engine.inputAddress(index) >>> 0);
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      this.#heap().set(bytes, address);
    }
    do {
      if (signal) {
        await yieldToEvents();
        checkAborted(signal);
      }
      this.#try((engine) => engine.execute(signal ? kSlice : 0));
    } while (!this.#call((engine) => engine.finished()));
    return this.#results(into);
  }

  #prepare({ inputs, wanted }: RunRequest): void {
    const shapes = inputs.flatMap(({ shape }) => [shape.length, ...shape]);
    const words = [...shapes, wanted.length, ...wanted];
    const address = this.#call((engine) => engine.request(words.length) >>> 0);
    new Int32Array(this.#heap().buffer, address, words.length).set(words);
    this.#try((engine) => engine.prepare());
  }

  #results(into: readonly (TypedArray | undefined)[]): RunReply {
    const { values, memory }: RawResults = JSON.parse(this.#call((engine) => engine.results()));
    const heap = this.#heap();
    return {
      values: values.map(({ dtype, shape, address, bytes }, index) => {
        const from = heap.subarray(address, address + bytes);
        const target = into[index];
        if (!target) return { dtype, shape, data: makeArray(dtype, from.slice().buffer) };
        checkInto(target, dtype, bytes);
        new Uint8Array(target.buffer, target.byteOffset, target.byteLength).set(from);
        return { dtype, shape, data: target };
      }),
      memory: this.#memory(memory),
    };
  }

  #memory(memory: Omit<MemoryUse, "heapBytes">): MemoryUse {
    return { ...memory, heapBytes: this.#heap().length };
  }

  #heap(): Uint8Array {
    this.#call(() => {}); // still there?
    return this.#runtime!.HEAPU8;
  }

  /** Calls the engine. What it throws is a trap: the session is not used again. */
  #call<T>(work: (engine: RawEngine) => T): T {
    if (!this.#engine) throw new HeedError("disposed", "the model was disposed of");
    try {
      return work(this.#engine);
    } catch (cause) {
      this.dispose();
      const message = `the engine failed (${messageOf(cause)}); the model is disposed of, a new one can be loaded`;
      throw new HeedError("internal", message, { cause });
    }
  }

  #try(work: (engine: RawEngine) => RawStatus): void {
    const status = this.#call(work);
    if (status === "") return;
    const end = status.indexOf("\n");
    throw new HeedError(status.slice(0, end) as ErrorCode, status.slice(end + 1));
  }
}
