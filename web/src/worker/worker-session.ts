// A session whose engine lives in a worker.

import { buildId } from "heed/engine";
import type { CompiledEngine } from "../engine/compile.ts";
import { type AnyWorker, startWorker } from "../engine/platform.ts";
import type { Description, LoadOptions, RunReply, RunRequest, Session } from "../engine/session.ts";
import { checkInto } from "../engine/session.ts";
import { abortError, HeedError } from "../errors.ts";
import type { TypedArray } from "../tensor.ts";
import { type Call, fromWire, type Reply } from "./protocol.ts";

interface Pending {
  resolve(value: unknown): void;
  reject(error: HeedError): void;
}

/** Ends the workers of models that were dropped without being disposed of. */
const dropped =
  typeof FinalizationRegistry === "undefined"
    ? undefined
    : /* @__PURE__ */ new FinalizationRegistry<AnyWorker>((worker) => worker.terminate());

export class WorkerSession implements Session {
  readonly #line: Line;

  private constructor(line: Line) {
    this.#line = line;
    dropped?.register(this, line.worker, this);
  }

  static async create(
    script: string,
    workerUrl: string | URL | undefined,
    { module }: CompiledEngine,
  ): Promise<WorkerSession> {
    const line = new Line();
    line.worker = await startWorker(script, workerUrl, line);
    try {
      await line.call({ method: "start", args: [module, buildId] });
    } catch (error) {
      line.close();
      throw error;
    }
    return new WorkerSession(line);
  }

  get disposed(): boolean {
    return this.#line.closed;
  }

  dispose(): void {
    dropped?.unregister(this);
    this.#line.close();
  }

  async reserve(file: string, bytes: number): Promise<void> {
    await this.#line.call({ method: "reserve", args: [file, bytes] });
  }

  async write(file: string, offset: number, chunk: Uint8Array): Promise<void> {
    await this.#line.call({ method: "write", args: [file, offset, chunk] });
  }

  async load(options: LoadOptions): Promise<Description> {
    return (await this.#line.call({ method: "load", args: [options] })) as Description;
  }

  async run(
    request: RunRequest,
    into: readonly (TypedArray | undefined)[],
    signal: AbortSignal | undefined,
  ): Promise<RunReply> {
    const call = { method: "run" as const, args: [request], signal: signal !== undefined };
    const reply = (await this.#line.call(call, signal)) as RunReply;
    for (const [index, value] of reply.values.entries()) {
      const target = into[index];
      if (!target) continue;
      checkInto(target, value.dtype, value.data.byteLength);
      (target as Uint8Array).set(value.data as Uint8Array);
      value.data = target;
    }
    return reply;
  }
}

type Distribute<T> = T extends unknown ? Omit<T, "id"> : never;

/** The line to a worker: calls go out, replies find their call. It does not know its session, so that a dropped one is found. */
class Line {
  worker!: AnyWorker;
  closed = false;
  #nextId = 0;
  readonly #pending = new Map<number, Pending>();

  readonly onMessage = (message: unknown): void => {
    const reply = message as Reply;
    const pending = this.#pending.get(reply.id);
    this.#settle(reply.id);
    if ("value" in reply) {
      pending?.resolve(reply.value);
    } else {
      // After a trap the engine is not used again.
      if (reply.error.code === "internal") this.close();
      pending?.reject(fromWire(reply.error));
    }
  };

  readonly onFailure = (error: HeedError): void => {
    this.#fail(error);
    this.close();
  };

  call(call: Distribute<Call>, signal?: AbortSignal): Promise<unknown> {
    if (this.closed) {
      return Promise.reject(new HeedError("disposed", "the model was disposed of"));
    }
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const abort = () => {
        if (!this.closed) this.worker.post({ method: "abort", id } satisfies Call, []);
        reject(abortError(signal!));
      };
      const done = () => signal?.removeEventListener("abort", abort);
      signal?.addEventListener("abort", abort, { once: true });
      this.#pending.set(id, {
        resolve(value) {
          done();
          resolve(value);
        },
        reject(error) {
          done();
          reject(error);
        },
      });
      this.worker.hold(true);
      this.worker.post({ ...call, id }, []);
    });
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.worker.terminate();
    this.#fail(new HeedError("disposed", "the model was disposed of while it was at work"));
  }

  #settle(id: number): void {
    this.#pending.delete(id);
    if (this.#pending.size === 0 && !this.closed) this.worker.hold(false);
  }

  #fail(error: HeedError): void {
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}
