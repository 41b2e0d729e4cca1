// What web/src/engine/unpack.ts unpacks.

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./run.mjs";

/** Of lzma1's header: properties (1), dictionary's size (4), data's size (8). */
const kHeaderBytes = 13;

/** Bytes as a text: how many they are, and the LZMA stream as web/src/engine/lzma.ts reads it, as base64. */
export async function pack(data) {
  return `${data.length}:${(await packLzma(data)).toString("base64")}`;
}

/** The stream alone: one literal context bit, no position bits, no header, no end marker. */
async function packLzma(data) {
  // Its public function has no such settings; the encoder's own class has them.
  const parts = join(root, "node_modules/lzma1/lib");
  const [{ Encoder }, { InputBuffer, OutputBuffer }] = await Promise.all(
    ["encoder.js", "streams.js"].map((name) => import(pathToFileURL(join(parts, name)))),
  );
  class OwnEncoder extends Encoder {
    configure(mode) {
      super.configure(mode);
      this._numLiteralContextBits = 1;
      this._posStateBits = this._posStateMask = 0;
    }
  }
  const output = new OutputBuffer(data.length);
  const mode = { searchDepth: 20, filterStrength: 273, modeIndex: 1 };
  new OwnEncoder().compress(new InputBuffer(data), output, mode);
  return Buffer.from(output.toArray()).subarray(kHeaderBytes);
}
