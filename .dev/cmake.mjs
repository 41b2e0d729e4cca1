// Configures and builds CMake trees, with the set-up's compilers.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import {
  build,
  hashOf,
  progress,
  root,
  run,
  SetupError,
  say,
  toolchain,
  which,
  withLock,
} from "./run.mjs";

/** The CMake trees: folder in build/, CMake toolchain file, options. */
export const trees = {
  wasm: { folder: "wasm", file: "emscripten.cmake", options: { HEED_TESTS: "ON" } },
  native: { folder: "native", file: "native.cmake", options: { CMAKE_BUILD_TYPE: "Release" } },
  sanitized: {
    folder: "native-asan",
    file: "native.cmake",
    options: { HEED_TESTS: "ON", HEED_SANITIZE: "ON" },
  },
};

/** cmake or ninja: the machine's own, else the one that set-up unpacked. */
export function buildTool(name) {
  const unpacked = join(toolchain, "bin", name);
  return existsSync(unpacked) ? unpacked : (which(name) ?? name);
}

/** Configures a tree if that was not done with these options, and returns its folder. */
export async function configure({ folder, file, options = {}, source = root }) {
  const path = join(build, folder);
  const args = [
    ...["-G", "Ninja", "-S", source, "-B", path],
    `-DCMAKE_MAKE_PROGRAM=${buildTool("ninja")}`,
    `-DCMAKE_TOOLCHAIN_FILE=${join(root, ".dev", file)}`,
    ...Object.entries(options).map(([name, value]) => `-D${name}=${value}`),
  ];
  const stamp = join(path, "configured.stamp");
  const wanted = hashOf(args.join("\n"), { file: join(root, ".dev", file) });
  if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== wanted) {
    mkdirSync(path, { recursive: true });
    await run(buildTool("cmake"), args, { quiet: true });
    writeFileSync(stamp, wanted);
  }
  return path;
}

/** Builds targets (all without any) of a tree, showing how far it is. Returns the tree's folder. */
export function cmakeBuild(label, tree, ...targets) {
  return withLock(tree.folder, () => compile(label, tree, targets));
}

async function compile(label, tree, targets) {
  const path = await configure(tree);
  const jobs = process.env.HEED_JOBS ?? String(cpus().length);
  let show;
  const warnings = [];
  const onLine = (line) => {
    const at = /^\[(\d+)\/(\d+)\] (Building|Linking)/.exec(line);
    if (at !== null) {
      show ??= progress(`compiling ${label}`);
      show(Number(at[1]) / Number(at[2]), `(${at[1]} of ${at[2]})`);
    } else if (/ warning: /.test(line)) {
      warnings.push(line);
    }
  };
  const { status, output } = await run(buildTool("ninja"), ["-C", path, "-j", jobs, ...targets], {
    onLine,
    check: false,
  });
  if (status !== 0) {
    process.stderr.write(output.slice(Math.max(0, output.indexOf("FAILED:"))));
    throw new SetupError(`compiling ${label} failed`);
  }
  for (const warning of warnings) say(warning);
  return path;
}

/** The targets that a tree has (some come and go with their sources). */
export async function targetsOf(tree) {
  const path = await configure(tree);
  // Globs are looked at again first, so that new files count.
  await run(buildTool("ninja"), ["-C", path, "build.ninja"], { quiet: true });
  const { output } = await run(buildTool("ninja"), ["-C", path, "-t", "targets", "all"], {
    quiet: true,
  });
  return [...output.matchAll(/^([^\s:]+): phony$/gm)].map((match) => match[1]);
}
