// From the bytes of the engine to a compiled module, once for all models.

import { buildId } from "heed/engine";
import { HeedError, messageOf } from "../errors.ts";
import { openSource } from "../source.ts";

/** Which of the two builds of the engine runs. */
export type Build = "simd128" | "relaxed";

/** The engine as `loadModel` takes it with the option `wasm`. */
export type WasmSource =
  | string
  | URL
  | Response
  | Promise<Response>
  | ArrayBuffer
  | ArrayBufferView
  | WebAssembly.Module;

export interface CompiledEngine {
  module: WebAssembly.Module;
  build: Build;
}

/** A module with one function: `unreachable; f32x4.relaxed_madd; drop`. */
const kRelaxedProbe = /* @__PURE__ */ Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0],
  ...[10, 9, 1, 7, 0, 0, 0xfd, 0x85, 0x02, 0x1a, 0x0b],
);

/** Throws where there is no WebAssembly at all. */
function checkPlatform(): void {
  if (typeof WebAssembly === "undefined") {
    throw new HeedError(
      "unsupported-platform",
      "heed needs WebAssembly, which is not available here",
    );
  }
}

/** The build for this platform: multiply-add in one instruction where relaxed SIMD is known. */
export function chooseBuild(): Build {
  checkPlatform();
  return WebAssembly.validate(kRelaxedProbe) ? "relaxed" : "simd128";
}

/** Calls `make` once, however often it is asked for; again after a failure. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}

/** Compiles, and checks that the module belongs to this JavaScript unless it is known to be that `build` of it. */
export async function compileBytes(bytes: BufferSource, build?: Build): Promise<CompiledEngine> {
  checkPlatform();
  try {
    const module = await WebAssembly.compile(bytes);
    return build ? { module, build } : identify(module);
  } catch (cause) {
    throw compileFailure(cause, bytes);
  }
}

function compileFailure(cause: unknown, bytes: BufferSource): HeedError {
  if (cause instanceof HeedError) return cause;
  const start = ArrayBuffer.isView(bytes)
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 4))
    : new Uint8Array(bytes, 0, Math.min(bytes.byteLength, 4));
  if (String.fromCharCode(...start) !== "\0asm") {
    const hex = [...start].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const message = `the engine is not a WebAssembly module: it starts with the bytes ${hex || "(none)"}`;
    return new HeedError("version-mismatch", message, { cause });
  }
  const advice = /unsafe-eval|content security|CSP/i.test(messageOf(cause))
    ? "the page's content security policy must allow 'wasm-unsafe-eval' in script-src"
    : "heed needs WebAssembly with SIMD and exception handling";
  const message = `the engine did not compile: ${advice} (${messageOf(cause)})`;
  return new HeedError("unsupported-platform", message, { cause });
}

/** Reads the custom section "heed", in which a module says which build it is. */
export function identify(module: WebAssembly.Module): CompiledEngine {
  const [section] = WebAssembly.Module.customSections(module, "heed");
  const text = section ? String.fromCharCode(...new Uint8Array(section)) : "";
  const [id, build] = text.split(" ");
  if (id !== buildId || (build !== "simd128" && build !== "relaxed")) {
    const found = id ? `of build ${id}` : "no module of heed's";
    const message = `the WebAssembly module is ${found}, this JavaScript belongs to build ${buildId}: take both from the same version of heed`;
    throw new HeedError("version-mismatch", message);
  }
  return { module, build };
}

/** The engine from what the user gave. */
export async function compileGiven(source: WasmSource): Promise<CompiledEngine> {
  checkPlatform();
  const kind = Object.prototype.toString.call(source).slice(8, -1);
  if (kind === "WebAssembly.Module" || source instanceof WebAssembly.Module) {
    return identify(source as WebAssembly.Module);
  }
  const parts: Uint8Array[] = [];
  const { chunks } = await openSource(source as Exclude<WasmSource, WebAssembly.Module>, undefined);
  for await (const chunk of chunks) parts.push(chunk);
  return compileBytes(await new Blob(parts as BlobPart[]).arrayBuffer());
}
