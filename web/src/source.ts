import { kIsNode, nodeModule } from "./engine/platform.ts";
import { checkAborted, HeedError, messageOf } from "./errors.ts";

/**
 * Where a file comes from: an address (or, in Node.js, a path), a response that is there or on its way,
 * a Blob or File, or its bytes.
 */
export type ModelSource =
  | string
  | URL
  | Response
  | Promise<Response>
  | Blob
  | ArrayBuffer
  | ArrayBufferView;

/** A file being read. `chunks` may be larger in sum than `total` says: servers may compress. */
export interface OpenedSource {
  total: number | undefined;
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

interface NodeFs {
  promises: {
    stat(path: string): Promise<{ size: number; isFile(): boolean }>;
  };
  createReadStream(path: string, options: { highWaterMark: number }): AsyncIterable<Uint8Array>;
}

const kChunk = 1 << 20;

const isAddress = (text: string) => /^[a-z][a-z0-9+.-]+:/i.test(text);

/** Begins to read a source. Errors: `fetch-failed`, `invalid-argument`, `aborted`. */
export async function openSource(
  source: ModelSource,
  signal: AbortSignal | undefined,
): Promise<OpenedSource> {
  checkAborted(signal);
  if (typeof source === "string" || source instanceof URL) {
    const address = String(source);
    if (kIsNode && !isAddress(address)) return openPath(address);
    if (kIsNode && address.startsWith("file:")) {
      const { fileURLToPath } = await nodeModule<{ fileURLToPath(url: string): string }>(
        "node:url",
      );
      return openPath(fileURLToPath(address));
    }
    return openResponse(fetchAddress(address, signal), address);
  }
  if (ArrayBuffer.isView(source)) {
    return openBytes(new Uint8Array(source.buffer, source.byteOffset, source.byteLength));
  }
  const kind = Object.prototype.toString.call(source).slice(8, -1);
  if (kind === "ArrayBuffer" || kind === "SharedArrayBuffer") {
    return openBytes(new Uint8Array(source as ArrayBuffer));
  }
  if (kind === "Blob" || kind === "File") {
    const blob = source as Blob;
    return { total: blob.size, chunks: readStream(blob.stream(), "the blob") };
  }
  if (
    kind === "Response" ||
    kind === "Promise" ||
    typeof (source as Promise<Response>)?.then === "function"
  ) {
    return openResponse(Promise.resolve(source as Response), undefined);
  }
  const message = `a model comes from an address, a path (in Node.js), a Response, a Blob or bytes, not from a ${kind}`;
  throw new HeedError("invalid-argument", message);
}

async function fetchAddress(address: string, signal: AbortSignal | undefined): Promise<Response> {
  return fetch(address, signal ? { signal } : {});
}

async function openResponse(
  promise: Promise<Response>,
  address: string | undefined,
): Promise<OpenedSource> {
  let response: Response;
  try {
    response = await promise;
  } catch (cause) {
    throw readFailure(address ?? "the response", cause);
  }
  if (typeof response?.arrayBuffer !== "function") {
    throw new HeedError("invalid-argument", "the promise given as a model did not give a Response");
  }
  const where = response.url || address || "the response";
  const type = response.headers.get("content-type") ?? "";
  if (!response.ok) {
    const message = `${where}: the server answered ${response.status} ${response.statusText}`;
    throw new HeedError("fetch-failed", message.trimEnd());
  }
  if (type.startsWith("text/html")) {
    const message = `${where}: the server answered with a web page (${type}), not with a model`;
    throw new HeedError("fetch-failed", message);
  }
  if (response.bodyUsed) {
    throw new HeedError("fetch-failed", `${where}: the body of the response was read before`);
  }
  const length = Number(response.headers.get("content-length") ?? Number.NaN);
  const encoded = response.headers.has("content-encoding");
  const total = !encoded && Number.isInteger(length) && length > 0 ? length : undefined;
  if (response.body) return { total, chunks: readStream(response.body, where) };
  return openBytes(new Uint8Array(await response.arrayBuffer()));
}

async function openPath(path: string): Promise<OpenedSource> {
  const fs = await nodeModule<NodeFs>("node:fs");
  let size: number;
  try {
    const found = await fs.promises.stat(path);
    if (!found.isFile()) throw new Error("it is not a file");
    size = found.size;
  } catch (cause) {
    throw readFailure(path, cause);
  }
  return { total: size, chunks: readFile(fs, path) };
}

async function* readFile(fs: NodeFs, path: string): AsyncIterable<Uint8Array> {
  try {
    yield* fs.createReadStream(path, { highWaterMark: kChunk });
  } catch (cause) {
    throw readFailure(path, cause);
  }
}

/**
 * The stream is locked at once: Node.js cancels the body of a response that nobody holds any more and nobody
 * reads yet, and such a stream ends as if it had been empty.
 */
function readStream(stream: ReadableStream<Uint8Array>, where: string): AsyncIterable<Uint8Array> {
  return readAll(stream.getReader(), where); // WebKit's streams are not iterable
}

async function* readAll(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  where: string,
): AsyncIterable<Uint8Array> {
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch (cause) {
    throw readFailure(where, cause);
  } finally {
    // When the consumer stopped early: nobody will read the rest.
    reader.cancel().catch(() => {});
  }
}

function openBytes(bytes: Uint8Array): OpenedSource {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += kChunk) chunks.push(bytes.subarray(at, at + kChunk));
  return { total: bytes.length, chunks };
}

function readFailure(where: string, cause: unknown): HeedError {
  if (cause instanceof HeedError) return cause;
  if ((cause as { name?: string })?.name === "AbortError") {
    return new HeedError("aborted", "the operation was aborted by its signal", { cause });
  }
  const reason = (cause as Error)?.cause ?? cause; // Node.js's fetch keeps the reason there
  const message = `${where} could not be read: ${messageOf(reason)}`;
  return new HeedError("fetch-failed", message, { cause });
}
