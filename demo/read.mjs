// `npm run read -- IMAGE [--json]`: bundles src/cli/read.ts against the built package and runs it.
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { heedEntry, inRepository, networkFolder } from "./heed-package.mjs";

const outfile = inRepository("build/read.mjs");

/** Resolves `heed` to the built package, which stays a module of its own. */
const builtPackage = {
  name: "built-package",
  setup({ onResolve }) {
    onResolve({ filter: /^heed$/ }, () => ({ path: pathToFileURL(heedEntry()).href, external: true }));
  },
};

try {
  await build({
    entryPoints: [inRepository("demo/src/cli/read.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    plugins: [builtPackage],
    logLevel: "error",
  });
} catch (error) {
  process.stderr.write(`read: ${error.message}\n`);
  process.exit(1);
}

const { main } = await import(outfile);
const { stdout, stderr } = process;
process.exitCode = await main(process.argv.slice(2), networkFolder, {
  out: (text) => stdout.write(text),
  error: (text) => stderr.write(text),
});
