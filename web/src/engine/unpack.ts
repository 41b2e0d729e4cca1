// From the streams that JavaScript carries to a compiled engine.

import { HeedError, messageOf } from "../errors.ts";
import { chooseBuild, compileBytes, once } from "./compile.ts";
import { decodeLzma } from "./lzma.ts";
import { unpackModule } from "./module-streams.ts";

/**
 * The module's bytes, from the generated text: how many bytes its streams are, and these as LZMA, as base64.
 * @throws HeedError `version-mismatch` where the text is damaged.
 */
export function unpackEngine(text: string, relaxed: boolean): Uint8Array<ArrayBuffer> {
  try {
    const [bytes, base64] = text.split(":");
    const binary = atob(base64!);
    const packed = new Uint8Array(binary.length);
    // Uint8Array.from with a function takes 25 ms for it instead of 5, cold.
    for (let i = 0; i < binary.length; i++) packed[i] = binary.charCodeAt(i);
    return unpackModule(decodeLzma(packed, Number(bytes)), relaxed);
  } catch (cause) {
    const message = `the engine inside this JavaScript is damaged (${messageOf(cause)}): install heed again`;
    throw new HeedError("version-mismatch", message, { cause });
  }
}

/** What gives the engine that these streams are, compiled once. */
export const engineOf = (streams: string) =>
  once(async () => {
    const build = chooseBuild();
    return compileBytes(unpackEngine(streams, build === "relaxed"), build);
  });
