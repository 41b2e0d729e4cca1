// The engine that is carried inside the JavaScript.

import { streamsBase64Gzip } from "heed/embedded";
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

// Marked pure, as elsewhere: a bundle that does not load models leaves the engine out.
export const embeddedEngine = /* @__PURE__ */ once(async () => {
  const build = chooseBuild();
  return compileBytes(await unpackEngine(streamsBase64Gzip, build === "relaxed"), build);
});
