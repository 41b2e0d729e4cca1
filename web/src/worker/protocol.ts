// The messages between a worker session and its worker: calls of the session's methods, by name.

import type { ErrorCode } from "../errors.ts";
import { HeedError } from "../errors.ts";

/** To the worker. The first message brings the compiled engine. */
export type Call =
  | { method: "start"; id: number; args: [module: WebAssembly.Module, build: string] }
  | { method: "reserve" | "write" | "load" | "run"; id: number; args: unknown[]; signal?: boolean }
  | { method: "abort"; id: number };

/** From the worker, to the call with that id. */
export type Reply = { id: number; value: unknown } | { id: number; error: WireError };

/** An error as it crosses: classes do not survive structured cloning. */
export interface WireError {
  code: ErrorCode;
  message: string;
  cause: string | undefined;
}

export function toWire(error: unknown): WireError {
  const known = error instanceof HeedError;
  const cause = known ? error.cause : error;
  return {
    code: known ? error.code : "internal",
    message: known ? error.message : `the worker failed: ${error}`,
    cause: cause === undefined ? undefined : String(cause),
  };
}

export function fromWire({ code, message, cause }: WireError): HeedError {
  return new HeedError(code, message, cause === undefined ? undefined : { cause });
}
