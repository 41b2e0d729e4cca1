// From the streams that JavaScript carries to a compiled engine.

import { HeedError, messageOf } from "../errors.ts";
import { chooseBuild, compileBytes, once } from "./compile.ts";
import { unpackModule } from "./module-streams.ts";

/** The module's bytes, from the generated text. */
export async function unpackEngine(
  base64Gzip: string,
  relaxed: boolean,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const bytes = Uint8Array.from(atob(base64Gzip), (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return unpackModule(new Uint8Array(await new Response(stream).arrayBuffer()), relaxed);
  } catch (cause) {
    const message = `the engine inside this JavaScript is damaged (${messageOf(cause)}): install heed again`;
    throw new HeedError("version-mismatch", message, { cause });
  }
}

/** What gives the engine that these streams are, compiled once. */
export const engineOf = (streams: string) =>
  once(async () => {
    const build = chooseBuild();
    return compileBytes(await unpackEngine(streams, build === "relaxed"), build);
  });
