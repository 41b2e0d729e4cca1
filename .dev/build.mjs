// `npm run build`: the engine, the npm package (build/package) and the demo (build/demo). Only what changed is made again.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { root, runAsScript } from "./run.mjs";
import { setUp } from "./setup.mjs";

/** Set-up, then everything up to and including `last`: "engine", "package" or "demo". False if sources for it are missing. */
export async function buildAll(last = "demo") {
  await setUp();
  // Imported here, since they need the npm packages that set-up installs.
  const { buildEngine } = await import("./engine.mjs");
  if (!(await buildEngine())) return false;
  if (last === "engine") return true;
  if (!existsSync(join(root, "web/src/index.ts"))) return false;
  const { buildPackage } = await import("./package.mjs");
  await buildPackage();
  if (last === "package") return true;
  if (!existsSync(join(root, "demo/index.html"))) return false;
  const { buildDemo } = await import("./demo.mjs");
  await buildDemo();
  return true;
}

await runAsScript(import.meta.url, ([last]) => buildAll(last));
