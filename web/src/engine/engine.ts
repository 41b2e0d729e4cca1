// An instance of the engine: a WebAssembly memory, and in it any number of sessions. The one place that touches the memory.

import { createEngine } from "heed/engine";
import { type ErrorCode, HeedError, kErrorCodes, messageOf } from "../errors.ts";
import type { CreateEngine, RawEngine, RawStatus } from "./raw.ts";

const createRaw: CreateEngine = createEngine;

function instantiate(module: WebAssembly.Module): Promise<RawEngine> {
  return new Promise((resolve, reject) => {
    const instantiateWasm: Parameters<CreateEngine>[0]["instantiateWasm"] = (imports, receive) =>
      WebAssembly.instantiate(module, imports)
        .then((instance) => receive({ instance }))
        .catch(reject);
    createRaw({ instantiateWasm }).then(resolve, reject);
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

export class Engine {
  #raw: RawEngine | undefined;

  private constructor(raw: RawEngine) {
    this.#raw = raw;
  }

  /** Instantiates the module. Errors: `out-of-memory`, `unsupported-platform`. */
  static async create(module: WebAssembly.Module): Promise<Engine> {
    try {
      return new Engine(await instantiate(module));
    } catch (cause) {
      throw startFailure(cause);
    }
  }

  /** Whether it was closed, by `close` or by a trap: then none of its sessions can be used. */
  get closed(): boolean {
    return this.#raw === undefined;
  }

  /** Lets go of the memory, which the garbage collector frees, also where something still refers to this engine: an error's stack. */
  close(): void {
    this.#raw = undefined;
  }

  /** Frees a session. */
  release(handle: number): void {
    try {
      this.#raw?.release(handle);
    } catch {
      this.close();
    }
  }

  /** Calls the engine. What it throws is a trap, unless `work` throws a HeedError. */
  call<T>(work: (raw: RawEngine) => T): T {
    if (!this.#raw) throw new HeedError("disposed", "the model was disposed of");
    try {
      return work(this.#raw);
    } catch (cause) {
      if (cause instanceof HeedError) throw cause;
      this.close();
      const message = `the engine failed (${messageOf(cause)}); the model is disposed of, a new one can be loaded`;
      throw new HeedError("internal", message, { cause });
    }
  }
}

/** The text at an address, which a 0 ends. */
export function textAt({ HEAPU8 }: RawEngine, address: number): string {
  const start = address >>> 0;
  return new TextDecoder().decode(HEAPU8.subarray(start, HEAPU8.indexOf(0, start)));
}

/** Leaves a name for the next call; returns its bytes. */
export const leaveName = (raw: RawEngine, name: string): number =>
  leaveBytes(raw, new TextEncoder().encode(name));

/** Leaves bytes there; gives how many they are. */
export function leaveBytes(raw: RawEngine, bytes: Uint8Array): number {
  raw.HEAPU8.set(bytes, raw.words((bytes.length + 3) >> 2) >>> 0);
  return bytes.length;
}

/** Throws the error that a status says. */
export function check(raw: RawEngine, status: RawStatus): void {
  if (status === 0) return;
  throw new HeedError(kErrorCodes[status - 1] as ErrorCode, textAt(raw, raw.text()));
}
