// The engine as streams: the other direction of web/src/engine/module-streams.ts, which describes them and is run here.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { transform } from "esbuild";
import { root, SetupError } from "./run.mjs";

/** What the package's own code exports: moveModule, unpackModule, kStreams, leb. */
async function importStreams() {
  const source = readFileSync(join(root, "web/src/engine/module-streams.ts"), "utf8");
  const { code } = await transform(source, { loader: "ts", format: "esm", target: "node20" });
  return import(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`);
}

/**
 * Packs a relaxed module. Returns { packed, relaxed, simd128 }: the streams, and the two modules that `unpackModule` makes of
 * them. `relaxed` is the given module with two more locals in each function that has a relaxed multiply-add.
 */
export async function packEngine(module) {
  const streams = await importStreams();
  try {
    const { relaxed, spares } = withSpareLocals(module, streams);
    const { parts } = divide(relaxed, spares, streams);
    const lengths = parts.flatMap((part) => streams.leb(part.length));
    const packed = Buffer.from([...lengths, ...parts.flat()]);
    const [simd128, again] = [false, true].map((build) => streams.unpackModule(packed, build));
    if (!relaxed.equals(again)) throw new Error("what was unpacked is not what was packed");
    if (!WebAssembly.validate(simd128))
      throw new Error("the build without relaxed SIMD is invalid");
    return { packed, relaxed, simd128: Buffer.from(simd128) };
  } catch (error) {
    throw new SetupError(`the engine cannot be packed: ${error.message}`);
  }
}

/**
 * Divides a module into its streams. `spares` has, for each function, the number of its first spare local. Returns also the
 * functions: where their code starts and ends, and whether they have relaxed multiply-adds.
 */
function divide(module, spares, { moveModule, kStreams, leb }) {
  const parts = Array.from({ length: kStreams }, () => []);
  const functions = [];
  const reader = readerOf(module);
  let depth = 0;
  moveModule({
    byte(stream, expected = 0) {
      const byte = reader.byte();
      parts[stream].push(byte ^ expected);
      return byte;
    },
    sized(body) {
      const length = reader.number();
      const start = reader.at;
      const end = start + length;
      if (++depth === 2) functions.push({ start, end, fused: false });
      body();
      depth--;
      if (reader.at !== end) throw new Error(`${length} bytes of code at ${start} end elsewhere`);
    },
    fused(_, stream) {
      functions.at(-1).fused = true;
      parts[stream].push(...leb(spares[functions.length - 1]));
    },
    done: () => reader.at === module.length,
  });
  return { parts, functions };
}

/** Adds two locals to the functions that have relaxed multiply-adds. `spares` has the number of the first, for each function. */
function withSpareLocals(module, streams) {
  const parameters = parametersOf(module);
  const { functions } = divide(module, Array(parameters.length).fill(0), streams);
  const spares = [];
  const bodies = functions.map(({ start, end, fused }, index) => {
    const reader = readerOf(module, start);
    const groups = reader.number();
    const first = reader.at;
    let locals = parameters[index];
    for (let group = 0; group < groups; group++, reader.byte()) locals += reader.number();
    spares.push(locals);
    const code = [...module.subarray(reader.at, end)];
    const declared = [...module.subarray(first, reader.at)];
    const added = fused ? [2, 0x7b] : []; // two of the type v128
    const body = [...streams.leb(groups + (fused ? 1 : 0)), ...declared, ...added, ...code];
    return [...streams.leb(body.length), ...body];
  });
  const content = Buffer.from([...streams.leb(bodies.length), ...bodies.flat()]);
  const sections = sectionsOf(module).map(({ id, from, end }) =>
    id === 10
      ? Buffer.concat([Buffer.from([id, ...streams.leb(content.length)]), content])
      : module.subarray(from, end),
  );
  return { relaxed: Buffer.concat([module.subarray(0, 8), ...sections]), spares };
}

/** How many parameters each function of the module has. */
function parametersOf(module) {
  const section = (wanted) => sectionsOf(module).find(({ id }) => id === wanted);
  const types = section(1);
  const reader = readerOf(module, types?.start);
  const counts = [];
  for (let left = types === undefined ? 0 : reader.number(); left > 0; left--) {
    if (reader.byte() !== 0x60) throw new Error("a type is not that of a function");
    counts.push(reader.skip());
    reader.skip();
  }
  const functions = section(3);
  if (functions === undefined) return [];
  reader.at = functions.start;
  return Array.from({ length: reader.number() }, () => counts[reader.number()]);
}

function sectionsOf(module) {
  const reader = readerOf(module, 8);
  const sections = [];
  while (reader.at < module.length) {
    const from = reader.at;
    const id = reader.byte();
    const length = reader.number();
    sections.push({ id, from, start: reader.at, end: reader.at + length });
    reader.at += length;
  }
  return sections;
}

function readerOf(bytes, at = 0) {
  return {
    at,
    /** Passes over a vector of bytes; returns how many there are. */
    skip() {
      const length = this.number();
      this.at += length;
      return length;
    },
    byte() {
      if (this.at >= bytes.length) throw new Error("the module ends too early");
      return bytes[this.at++];
    },
    number() {
      for (let value = 0, factor = 1; ; factor *= 128) {
        const next = this.byte();
        value += (next & 127) * factor;
        if (next < 128) return value;
      }
    },
  };
}
