import { type CompiledEngine, compileGiven, type WasmSource } from "./engine/compile.ts";
import { LocalSession } from "./engine/local-session.ts";
import type { Session } from "./engine/session.ts";
import { checkAborted, HeedError, orAborted } from "./errors.ts";
import { Model } from "./model.ts";
import { checkNames, checkOptions } from "./options.ts";
import { type ModelSource, type OpenedSource, openSource } from "./source.ts";
import { WorkerSession } from "./worker/worker-session.ts";

/** How far a load is. */
export interface LoadProgress {
  /** Bytes that have arrived. */
  readonly loaded: number;
  /** Bytes in all, where that is known. */
  readonly total: number | undefined;
}

export interface LoadModelOptions {
  /** Runs the model in a worker, so that this thread stays free. */
  worker?: boolean;
  /** Where `heed/worker.js` is hosted; for content security policies that forbid blob: workers. */
  workerUrl?: string | URL;
  /** Called as the bytes of the file arrive. */
  onProgress?: (progress: LoadProgress) => void;
  /** Aborts the load. */
  signal?: AbortSignal;
  /**
   * The engine, instead of the one that the package brings: `heed/simd128.wasm` or `heed/relaxed.wasm` as an
   * address, a response, bytes or, where compiling is not allowed, as a compiled module.
   */
  wasm?: WasmSource;
  /** Files with weights beside the model's, by the name under which the model calls them. */
  externalData?: Readonly<Record<string, ModelSource>>;
  /** Names of inner tensors that shall stay as they are, so that `run` can give them. */
  keep?: readonly string[];
  /** Whether attention blocks are recognised; true unless told. */
  recognize?: boolean;
}

const kOptionTypes = {
  worker: "boolean",
  workerUrl: "string or URL",
  onProgress: "function",
  signal: "object",
  wasm: "any",
  externalData: "object",
  keep: "object",
  recognize: "boolean",
} as const;

/** A file that is on its way, and where it goes. */
interface Incoming {
  name: string;
  opened: OpenedSource;
}

/**
 * Reads the files into the session. Where a size is not known, or the server told that of the
 * compressed bytes, room grows by doubling.
 */
async function readFiles(
  session: Session,
  files: readonly Incoming[],
  onProgress: ((progress: LoadProgress) => void) | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const totals = files.map(({ opened }) => opened.total);
  const known = totals.every((total) => total !== undefined);
  const total = known ? totals.reduce<number>((sum, size) => sum + (size ?? 0), 0) : undefined;
  let loaded = 0;
  for (const { name, opened } of files) {
    let room = opened.total ?? 0;
    let size = 0;
    await session.reserve(name, room);
    for await (const chunk of opened.chunks) {
      checkAborted(signal);
      if (size + chunk.length > room) {
        room = Math.max(2 * room, size + chunk.length);
        await session.reserve(name, room);
      }
      await session.write(name, size, chunk);
      size += chunk.length;
      loaded += chunk.length;
      onProgress?.({ loaded, total: total !== undefined && loaded > total ? undefined : total });
    }
    if (size !== room) await session.reserve(name, size);
  }
}

/** Starts reading everything at once; when one fails, its error is the load's. */
async function openFiles(source: ModelSource, options: LoadModelOptions): Promise<Incoming[]> {
  const sources = { "": source, ...options.externalData };
  return Promise.all(
    Object.entries(sources).map(async ([name, from]) => ({
      name,
      opened: await openSource(from, options.signal),
    })),
  );
}

async function startSession(
  engine: CompiledEngine,
  workerSource: string,
  options: LoadModelOptions,
): Promise<Session> {
  if (!options.worker) return LocalSession.create(engine.module);
  return WorkerSession.create(workerSource, options.workerUrl, engine);
}

/** Loads a model with the engine that `packaged` gives, unless the options bring one. */
export async function loadModelWith(
  packaged: () => Promise<CompiledEngine>,
  workerSource: string,
  source: ModelSource,
  options: LoadModelOptions,
): Promise<Model> {
  checkOptions("loadModel", options, kOptionTypes);
  const { signal, keep = [], recognize = true } = options;
  checkNames("loadModel", "keep", keep);
  if (options.workerUrl !== undefined && !options.worker) {
    const message = 'loadModel: the option "workerUrl" needs `worker: true`';
    throw new HeedError("invalid-argument", message);
  }
  checkAborted(signal);
  const opening = openFiles(source, options);
  opening.catch(() => {}); // it is awaited below, after the engine
  const engine = await orAborted(
    options.wasm === undefined ? packaged() : compileGiven(options.wasm),
    signal,
  );
  const session = await startSession(engine, workerSource, options);
  try {
    const files = await orAborted(opening, signal);
    await readFiles(session, files, options.onProgress, signal);
    checkAborted(signal);
    const description = await orAborted(session.load({ keep, recognize }), signal);
    return new Model(session, description, engine.build, options.worker === true);
  } catch (error) {
    session.dispose();
    throw error;
  }
}
