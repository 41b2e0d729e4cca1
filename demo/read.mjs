// `npm run read -- IMAGE [--json]`: bundles src/cli/read.ts against the built package and runs it.
import { spawnSync } from "node:child_process";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { heedEntry, inRepository, isPackageBuilt, networkFolder } from "./heed-package.mjs";

const outfile = inRepository("build/read.mjs");

/** Imports of `name` become imports of a module elsewhere, which is not bundled. */
const moduleAt = (name, path) => ({
  name: "module-at",
  setup({ onResolve }) {
    onResolve({ filter: new RegExp(`^${name}$`) }, () => ({ path, external: true }));
  },
});

// In a fresh clone: what the build says goes to standard error, which leaves --json alone.
if (!isPackageBuilt()) {
  const { error, status } = spawnSync(
    process.execPath,
    [inRepository(".dev/build.mjs"), "package"],
    {
      stdio: ["ignore", 2, 2],
    },
  );
  if (error || status !== 0) process.exit(1);
}

try {
  const heed = pathToFileURL(heedEntry()).href;
  await build({
    entryPoints: [inRepository("demo/src/cli/read.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    plugins: [moduleAt("heed", heed)],
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
