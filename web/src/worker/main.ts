// The worker's script: a local session that does what messages say. Runs in workers of browsers and of Node.js.

import { buildId } from "heed/engine";
import { LocalSession } from "../engine/local-session.ts";
import { kIsNode, nodeModule } from "../engine/platform.ts";
import type { LoadOptions, RunReply, RunRequest } from "../engine/session.ts";
import { HeedError } from "../errors.ts";
import type { TypedArray } from "../tensor.ts";
import { type Call, type Reply, toWire } from "./protocol.ts";

interface Port {
  postMessage(message: Reply, transfer: Transferable[]): void;
}

let session: LocalSession | undefined;
const aborts = new Map<number, AbortController>();

async function answer(call: Exclude<Call, { method: "abort" }>): Promise<unknown> {
  if (call.method === "start") {
    const [module, build] = call.args;
    if (build !== buildId) {
      const message = `the worker's script is of build ${buildId}, the page's heed of ${build}: they must come from the same version`;
      throw new HeedError("version-mismatch", message);
    }
    session = await LocalSession.create(module);
    return;
  }
  const started = session as LocalSession;
  const args = call.args as never[];
  switch (call.method) {
    case "reserve":
      return started.reserve(...(args as unknown as [string, number]));
    case "write":
      return started.write(...(args as unknown as [string, number, Uint8Array]));
    case "load":
      return started.load(...(args as unknown as [LoadOptions]));
    case "run": {
      const abort = call.signal ? new AbortController() : undefined;
      if (abort) aborts.set(call.id, abort);
      try {
        return await started.run(...(args as unknown as [RunRequest]), [], abort?.signal);
      } finally {
        aborts.delete(call.id);
      }
    }
  }
}

async function serve(port: Port, call: Call): Promise<void> {
  if (call.method === "abort") {
    aborts.get(call.id)?.abort();
    return;
  }
  try {
    const value = await answer(call);
    const results = call.method === "run" ? (value as RunReply).values : [];
    port.postMessage({ id: call.id, value }, buffersOf(results));
  } catch (error) {
    port.postMessage({ id: call.id, error: toWire(error) }, []);
  }
}

const buffersOf = (values: { data: TypedArray }[]) =>
  values.map(({ data }) => data.buffer as ArrayBuffer);

if (kIsNode) {
  type Threads = {
    parentPort: Port & { on(event: "message", listener: (call: Call) => void): void };
  };
  nodeModule<Threads>("node:worker_threads").then(({ parentPort }) =>
    parentPort.on("message", (call) => serve(parentPort, call)),
  );
} else {
  const port = globalThis as unknown as Port & { onmessage: (event: MessageEvent) => void };
  port.onmessage = ({ data }) => serve(port, data);
}
