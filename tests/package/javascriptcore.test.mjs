// The engine of Safari, as a shell: it has no web platform, so the few parts that the package needs are made here.

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { build as esbuild } from "esbuild";
import { loadModel } from "heed";
import { beforeAll, expect, test } from "vitest";
import { ensureBrowsers } from "../../.dev/browsers.mjs";
import { build, root } from "../../.dev/run.mjs";
import { checkResult, model, program, project } from "./tarball.mjs";

const platform = `
const codes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
globalThis.atob ??= (text) => {
  let out = "";
  for (let i = 0, bits = 0, value = 0; i < text.length && text[i] !== "="; i++) {
    value = ((value << 6) | codes.indexOf(text[i])) & 0xffff;
    bits += 6;
    if (bits >= 8) { bits -= 8; out += String.fromCharCode((value >> bits) & 255); }
  }
  return out;
};
globalThis.console ??= { log: print, warn: print, error: print };
globalThis.URL ??= class URL {};
globalThis.TextEncoder ??= class {
  encode(text) { return Uint8Array.from(unescape(encodeURIComponent(text)), (c) => c.charCodeAt(0)); }
};
globalThis.TextDecoder ??= class {
  decode(bytes) { return decodeURIComponent(escape(Array.from(bytes, (b) => String.fromCharCode(b)).join(""))); }
};
`;

let jsc;
beforeAll(async () => {
  ({ jsc } = await ensureBrowsers());
});

test("JavaScriptCore loads the package, chooses simd128 and runs a network as Node.js does", async () => {
  const folder = await project("jsc", {
    "platform.js": platform,
    "main.js": `import "./platform.js";
      import { loadModel, Tensor } from "heed";
      ${program}
      const bytes = readFile(${JSON.stringify(model)}, "binary");
      main(bytes, {}).then((result) => print(JSON.stringify(result)), (error) => print("failed: " + error + error.stack));`,
  });
  await esbuild({
    ...{
      entryPoints: [join(folder, "main.js")],
      outfile: join(folder, "bundle.js"),
      format: "iife",
    },
    ...{ bundle: true, logLevel: "error", nodePaths: [join(root, "node_modules")] },
  });
  const { stdout } = await promisify(execFile)(jsc, [join(folder, "bundle.js")]);
  expect(stdout).toMatch(/^\{/);
  const result = JSON.parse(stdout);
  checkResult(expect, result, { build: "simd128", worker: false });

  const wasm = readFileSync(join(build, "package/simd128.wasm"));
  const main = new Function("loadModel", "Tensor", `${program}; return main;`)(
    loadModel,
    (await import("heed")).Tensor,
  );
  const here = await main(model, { wasm });
  expect(result.y).toEqual(here.y); // the same module gives the same bits
});
