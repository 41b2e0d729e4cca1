// What depends on the environment: Node.js's modules, workers, and how to let the event loop have its turn.

import { HeedError, messageOf } from "../errors.ts";

/** The part of Node.js's `process` that is used here. */
interface NodeProcess {
  versions?: { node?: string };
  getBuiltinModule?: (name: string) => unknown;
}

const nodeProcess = (globalThis as { process?: NodeProcess }).process;

export const kIsNode = typeof nodeProcess?.versions?.node === "string";

/** One of Node.js's own modules. Never called elsewhere, and invisible to bundlers. */
export async function nodeModule<T>(name: string): Promise<T> {
  const found = nodeProcess?.getBuiltinModule?.(name);
  // Node.js before 20.16 has no getBuiltinModule.
  return (found ?? (await import(/* @vite-ignore */ /* webpackIgnore: true */ name))) as T;
}

/** Resolves after other events had their turn; a promise alone would not let them. */
export function yieldToEvents(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") {
      setImmediate(resolve);
    } else if (typeof MessageChannel === "function") {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(0);
    } else {
      setTimeout(resolve, 0);
    }
  });
}

/** A worker of a browser or of Node.js, as much of it as is needed. */
export interface AnyWorker {
  post(message: unknown, transfer: Transferable[]): void;
  terminate(): void;
  /** Whether the worker keeps the process alive (Node.js). */
  hold(hold: boolean): void;
}

export interface WorkerEvents {
  onMessage(message: unknown): void;
  /** The worker could not start, or ended with an error. */
  onFailure(error: HeedError): void;
}

interface NodeWorker {
  postMessage(message: unknown, transfer: Transferable[]): void;
  terminate(): unknown;
  ref(): void;
  unref(): void;
  on(event: string, listener: (value: unknown) => void): void;
}

type NodeWorkers = {
  Worker: new (script: string | URL, options: { eval?: boolean; name?: string }) => NodeWorker;
};

function failure(cause: unknown, workerUrl: string | URL | undefined): HeedError {
  const detail = cause instanceof Error || typeof cause === "string" ? `: ${messageOf(cause)}` : "";
  const advice = workerUrl
    ? `is there a script at "${workerUrl}"?`
    : "where a content security policy forbids blob: workers, host heed/worker.js and give its address as workerUrl";
  return new HeedError("unsupported-platform", `the worker failed${detail} (${advice})`, { cause });
}

/** Starts a worker from the text of a script, or from an address where that script is. */
export async function startWorker(
  script: string,
  workerUrl: string | URL | undefined,
  events: WorkerEvents,
): Promise<AnyWorker> {
  try {
    if (kIsNode) return await startNodeWorker(script, workerUrl, events);
    if (typeof Worker === "undefined") {
      throw new HeedError("unsupported-platform", "there are no workers here; leave out `worker`");
    }
    return startWebWorker(script, workerUrl, events);
  } catch (error) {
    throw error instanceof HeedError ? error : failure(error, workerUrl);
  }
}

function startWebWorker(
  script: string,
  workerUrl: string | URL | undefined,
  events: WorkerEvents,
): AnyWorker {
  const url = workerUrl ?? URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const worker = new Worker(url, { name: "heed" });
  const release = () => {
    if (!workerUrl) URL.revokeObjectURL(url as string);
  };
  worker.onmessage = ({ data }) => {
    release();
    events.onMessage(data);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    release();
    events.onFailure(failure(event.message, workerUrl));
  };
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    terminate: () => worker.terminate(),
    hold() {},
  };
}

async function startNodeWorker(
  script: string,
  workerUrl: string | URL | undefined,
  events: WorkerEvents,
): Promise<AnyWorker> {
  const { Worker } = await nodeModule<NodeWorkers>("node:worker_threads");
  const worker = workerUrl
    ? new Worker(workerUrl, { name: "heed" })
    : new Worker(script, { eval: true, name: "heed" });
  worker.on("message", events.onMessage);
  worker.on("error", (error) => events.onFailure(failure(error, workerUrl)));
  worker.on("exit", () => events.onFailure(failure("it ended", workerUrl)));
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    terminate: () => void worker.terminate(),
    hold: (hold) => (hold ? worker.ref() : worker.unref()),
  };
}
