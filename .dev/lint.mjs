// `npm run lint` and, with --write, `npm run format`: Biome for TypeScript, clang-format for C++, and the types.

import { join } from "node:path";
import { buildAll } from "./build.mjs";
import { filesUnder, root, run, runAsScript, SetupError, say, toolchain } from "./run.mjs";

async function lint(args) {
  const write = args.includes("--write");
  await buildAll("package");
  const node = (path, ...rest) =>
    run(process.execPath, [join(root, "node_modules", path), ...rest], { check: false });
  const sources = filesUnder("cpp", "tests", "web", "demo").filter((path) =>
    /\.(cpp|h|def)$/.test(path),
  );
  const style = write ? ["-i"] : ["--dry-run", "--Werror"];
  const checks = {
    biome: () =>
      node(
        "@biomejs/biome/bin/biome",
        "check",
        "--error-on-warnings",
        ...(write ? ["--write"] : []),
      ),
    "clang-format": () =>
      run(join(toolchain, "bin/clang-format"), [...style, ...sources], { check: false }),
    tsc: () => node("typescript/bin/tsc", "--noEmit", "--project", root),
  };
  let failed = 0;
  for (const [name, check] of Object.entries(checks)) {
    const { status, output } = await check();
    if (status !== 0) process.stderr.write(output);
    say(`${name}: ${status === 0 ? "nothing to complain of" : "see above"}`);
    if (status !== 0) failed++;
  }
  if (failed > 0)
    throw new SetupError(
      write ? "some of it needs a hand" : "npm run format mends what is only form",
    );
}

await runAsScript(import.meta.url, lint);
