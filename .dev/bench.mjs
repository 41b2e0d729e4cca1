// `npm run bench`: sets up, builds the package, and runs tests/bench/bench.mjs with relaxed SIMD where node has it.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { buildAll } from "./build.mjs";
import { relaxedSimdFlags } from "./node-flags.mjs";
import { root, runAsScript, SetupError } from "./run.mjs";

async function bench(args) {
  const script = join(root, "tests/bench/bench.mjs");
  if (!existsSync(script))
    throw new SetupError("there is no benchmark yet (tests/bench/bench.mjs)");
  await buildAll("package");
  const child = spawn(process.execPath, [...relaxedSimdFlags(), "--expose-gc", script, ...args], {
    stdio: "inherit",
  });
  process.exitCode = await new Promise((resolve) =>
    child.on("close", (status) => resolve(status ?? 1)),
  );
}

await runAsScript(import.meta.url, bench);
