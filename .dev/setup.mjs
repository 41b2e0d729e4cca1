// Brings a fresh clone to the point where it can build: npm packages, then the C++ toolchain. A second call does nothing.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root, run, runAsScript, SetupError, say } from "./run.mjs";
import { ensureToolchain } from "./toolchain.mjs";

/** Whether node_modules holds what the lock file says: npm leaves its own copy of the lock there. */
function packagesAreInstalled() {
  const installed = join(root, "node_modules/.package-lock.json");
  if (!existsSync(installed)) return false;
  const read = (path) => JSON.parse(readFileSync(path, "utf8")).packages;
  const have = read(installed);
  return Object.entries(read(join(root, "package-lock.json"))).every(
    ([path, wanted]) => path === "" || wanted.optional || have[path]?.version === wanted.version,
  );
}

export async function setUp() {
  const [major] = process.versions.node.split(".").map(Number);
  if (major < 20)
    throw new SetupError(`Node.js 20 or newer is needed, this is ${process.versions.node}`);
  if (!packagesAreInstalled()) {
    say("installing the npm packages of the lock file");
    await run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { quiet: true });
  }
  await ensureToolchain();
}

await runAsScript(import.meta.url, setUp);
