// What layers live in: one instance of the engine, shared by all layers that are made in it.

import { recipes } from "heed/recipes";
import { compileGiven, type WasmSource } from "../engine/compile.ts";
import { embeddedEngine } from "../engine/embedded.ts";
import { check, Engine, leaveBytes, leaveName } from "../engine/engine.ts";
import { HeedError } from "../errors.ts";
import { checkOptions } from "../options.ts";

/** A WebAssembly memory and the layers in it. Layers share one unless told otherwise. */
export class LayerSession {
  /** @internal */
  readonly engine: Engine;

  /** @internal */
  constructor(engine: Engine) {
    this.engine = engine;
  }

  /**
   * A session of its own, for layers whose memory shall go as a whole. `wasm`: the engine, as `loadModel`
   * takes it.
   * @throws HeedError `out-of-memory`, `unsupported-platform`, `version-mismatch`, `fetch-failed`.
   */
  static async create(options: { wasm?: WasmSource } = {}): Promise<LayerSession> {
    checkOptions("LayerSession.create", options, { wasm: "any" });
    const { module } = await (options.wasm === undefined
      ? embeddedEngine()
      : compileGiven(options.wasm));
    const engine = await Engine.create(module);
    engine.call((raw) => raw.addRecipes(leaveName(raw, recipes)));
    return new LayerSession(engine);
  }

  /** Gives the memory back; all layers of the session are disposed of. */
  dispose(): void {
    this.engine.close();
  }

  /** @internal Throws unless a file of that size that begins so is a safetensors file. */
  checkSafetensors(head: Uint8Array, bytes: number): void {
    this.engine.call((raw) => {
      check(raw, raw.checkSafetensors(leaveBytes(raw, head), bytes));
    });
  }

  /** @internal A handle that keeps weights: those of a file in pieces, and others' under prefixes. */
  keepWeights(
    pieces: readonly Uint8Array[],
    adopted: readonly { handle: number; prefix: string }[],
  ): number {
    return this.engine.call((raw) => {
      const handle = raw.open();
      try {
        if (pieces.length > 0) {
          const size = pieces.reduce((sum, { length }) => sum + length, 0);
          let at = raw.reserve(handle, leaveName(raw, ""), size) >>> 0;
          if (at === 0)
            throw new HeedError("out-of-memory", `no memory for ${size} bytes of weights`);
          for (const piece of pieces) {
            raw.HEAPU8.set(piece, at);
            at += piece.length;
          }
          check(raw, raw.addWeights(handle));
        }
        for (const { handle: other, prefix } of adopted) {
          raw.adopt(handle, other, leaveName(raw, prefix));
        }
        return handle;
      } catch (error) {
        raw.release(handle);
        throw error;
      }
    });
  }
}

let shared: Promise<LayerSession> | undefined;

/** The session of layers that are made without one; begun anew after a failure. */
export function defaultSession(): Promise<LayerSession> {
  const made = (async () => {
    const session = await shared;
    return session && !session.engine.closed ? session : LayerSession.create();
  })();
  shared = made.catch(() => undefined as never);
  return made;
}
