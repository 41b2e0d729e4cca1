// The engine that is carried inside the JavaScript.

import { deltaBase64Gzip, wasmBase64Gzip } from "heed/embedded";
import { applyDelta } from "../delta.ts";
import { chooseBuild, compileBytes, once } from "./compile.ts";

async function unpack(base64Gzip: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = Uint8Array.from(atob(base64Gzip), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// Marked pure, as elsewhere: a bundle that does not load models leaves the engine out.
export const embeddedEngine = /* @__PURE__ */ once(async () => {
  const build = chooseBuild();
  const simd128 = await unpack(wasmBase64Gzip);
  if (build === "simd128") return compileBytes(simd128);
  return compileBytes(applyDelta(simd128, await unpack(deltaBase64Gzip)));
});
