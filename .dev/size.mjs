// `npm run size`: bytes of each room of cpp/ in the wasm, and what a page downloads for `import * as heed from "heed"`.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { buildAll } from "./build.mjs";
import { cmakeBuild, trees } from "./cmake.mjs";
import { build, run, runAsScript, SetupError, toolchain } from "./run.mjs";

/** What the whole package may weigh for a page, in bytes after gzip. */
export const kSizeLimit = 150 * 1024;

const kRooms = ["base", "simd", "kernels", "graph", "attention", "formats", "bindings"];

/** What `heed/layers` may add to it. */
export const kLayersScriptLimit = 15 * 1024;

/** A bundle, minified, of entries of the package with everything that they export. */
async function bundled(...entries) {
  const { build: bundle } = await import("esbuild");
  const lines = entries.map((name) => `export * as ${name} from "./${name}.js";`);
  const { outputFiles } = await bundle({
    stdin: { contents: lines.join("\n"), resolveDir: join(build, "package") },
    bundle: true,
    minify: true,
    format: "esm",
    external: ["node:*"],
    write: false,
    logLevel: "error",
  });
  return Buffer.from(outputFiles[0].contents);
}

const gzipped = (bytes) => gzipSync(bytes, { level: 9 }).length;

/** Bytes, after gzip -9, of a bundle with everything that the package's main entry exports, and before gzip. */
export async function bundledSize() {
  const plain = await bundled("index");
  return { plain: plain.length, gzip: gzipped(plain) };
}

/** Bytes, after gzip -9: of `heed/layers` alone, with the engine, and of what it adds to the package. */
export async function layersSize() {
  const sizes = [["index"], ["layers"], ["index", "layers"]].map(async (entries) =>
    gzipped(await bundled(...entries)),
  );
  const [main, layers, both] = await Promise.all(sizes);
  return { gzip: layers, script: both - main };
}

/** Every function of the linked simd128 module: its mangled name and its bytes; and the bytes of the other sections. */
export async function linkedFunctions() {
  const folder = await cmakeBuild("the engine with names", trees.wasm, "heed_named");
  return parseModule(readFileSync(join(folder, "heed_named.wasm")));
}

function parseModule(bytes) {
  let at = 8;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  const text = () => {
    const length = number();
    at += length;
    return bytes.toString("utf8", at - length, at);
  };
  const sizes = [];
  const names = new Map();
  const sections = { data: 0, other: 0 };
  let imported = 0;
  while (at < bytes.length) {
    const id = bytes[at++];
    const length = number();
    const end = at + length;
    if (id === 2) {
      for (let left = number(); left > 0; left--) {
        text();
        text();
        const kind = bytes[at++];
        if (kind === 0) imported++;
        if (kind === 1) at++;
        if (kind === 3) at += 2;
        else if (kind === 4) {
          at++;
          number();
        } else if (kind === 0) number();
        else {
          const flags = number();
          number();
          if (flags & 1) number();
        }
      }
    } else if (id === 10) {
      for (let left = number(); left > 0; left--) {
        const size = number();
        sizes.push(size);
        at += size;
      }
    } else if (id === 0 && text() === "name") {
      while (at < end) {
        const kind = bytes[at++];
        const subsection = number();
        if (kind !== 1) at += subsection;
        else for (let left = number(); left > 0; left--) names.set(number(), text());
      }
    }
    if (id === 11) sections.data = length;
    else if (id !== 10 && id !== 0) sections.other += length;
    at = end;
  }
  const functions = sizes.map((size, i) => ({ name: names.get(imported + i) ?? "", size }));
  return { functions, sections };
}

/** Symbol -> the rooms whose objects define it. */
async function definedSymbols() {
  const rooms = new Map();
  for (const room of kRooms) {
    const folder = join(build, "wasm/CMakeFiles", `heed_${room}.dir`);
    const archive = join(build, "wasm", `libheed_${room}.a`);
    if (!existsSync(folder)) continue;
    const { output: found } = await run("find", [folder, "-name", "*.obj"], { quiet: true });
    const objects = existsSync(archive) ? [archive] : found.trim().split("\n");
    const { output } = await run(
      join(toolchain, "bin/llvm-nm"),
      ["--defined-only", "--format=just-symbols", ...objects],
      {
        quiet: true,
      },
    );
    for (const symbol of output.split("\n")) {
      if (symbol !== "" && !rooms.get(symbol)?.includes(room))
        rooms.set(symbol, [...(rooms.get(symbol) ?? []), room]);
    }
  }
  return rooms;
}

/** The rows of the table: { part, bytes, functions }, largest first. */
export async function sizeByRoom() {
  const { functions, sections } = await linkedFunctions();
  const rooms = await definedSymbols();
  const rows = new Map();
  const add = (part, bytes, count) => {
    const row = rows.get(part) ?? { part, bytes: 0, functions: 0 };
    rows.set(part, { part, bytes: row.bytes + bytes, functions: row.functions + count });
  };
  for (const { name, size } of functions) {
    const owners = rooms.get(name) ?? [];
    if (owners.length === 0) add("libraries (libc, libc++, embind)", size, 1);
    else if (owners.length === 1) add(owners[0], size, 1);
    else if (/^_Z[A-Z]*N?K?4heed/.test(name)) add(owners[0], size, 1);
    else add("templates of several rooms", size, 1);
  }
  add("constants (data)", sections.data, 0);
  add("tables, types, exports", sections.other, 0);
  return [...rows.values()].sort((a, b) => b.bytes - a.bytes);
}

async function printSizes() {
  if (!(await buildAll("package"))) throw new SetupError("there is no package to measure yet");
  const rows = await sizeByRoom();
  const total = rows.reduce((sum, row) => sum + row.bytes, 0);
  const line = (part, bytes, functions) =>
    console.log(
      `${part.padEnd(34)} ${String(bytes).padStart(8)} ${String(functions || "").padStart(6)}`,
    );
  console.log(`${"simd128.wasm".padEnd(34)} ${"bytes".padStart(8)} ${"funcs".padStart(6)}`);
  for (const { part, bytes, functions } of rows) line(part, bytes, functions);
  line(
    "together",
    total,
    rows.reduce((sum, row) => sum + row.functions, 0),
  );
  const bytesOf = (name) => readFileSync(join(build, name));
  const packed = (name) => gzipSync(bytesOf(name), { level: 9 }).length;
  console.log("");
  console.log(
    `gzip -9   simd128.wasm ${packed("generated/simd128.wasm")}, relaxed.wasm ${packed("generated/relaxed.wasm")}`,
  );
  const { plain, gzip } = await bundledSize();
  console.log(
    `import * as heed from "heed", bundled: ${plain} bytes, gzip -9 ${gzip}; at most ${kSizeLimit}`,
  );
  const layers = await layersSize();
  console.log(
    `heed/layers alone ${layers.gzip}; its JavaScript, beside the package ${layers.script}, at most ${kLayersScriptLimit}`,
  );
  if (gzip > kSizeLimit || layers.script > kLayersScriptLimit) process.exitCode = 1;
}

await runAsScript(import.meta.url, printSizes);
