// What every build script needs: the paths of the house, running a program, saying how far it is.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
export const build = join(root, "build");
/** May be a link to another checkout's. */
export const toolchain = realPath(join(build, "toolchain"));

function realPath(path) {
  return existsSync(path) ? realpathSync(path) : path;
}

/** A failure that is told in one sentence, without a stack. */
export class SetupError extends Error {}

/** Whether the message says it all: ours, and esbuild's and Vite's, which have shown the place already. */
const isTold = (error) => error instanceof SetupError || Array.isArray(error?.errors);

/** Runs `main` if `url` is the script that node was started with; a SetupError ends it with status 1. */
export async function runAsScript(url, main) {
  if (process.argv[1] === undefined || fileURLToPath(url) !== process.argv[1]) return;
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    console.error(isTold(error) ? `heed: ${error.message}` : error);
    process.exitCode = 1;
  }
}

export function say(text) {
  process.stderr.write(`heed: ${text}\n`);
}

/** A line that is rewritten in place on a terminal, and printed every tenth of the way elsewhere. */
export function progress(label) {
  let last = -1;
  return (fraction, detail = "") => {
    const percent = Math.min(100, Math.floor(fraction * 100));
    if (process.stderr.isTTY) {
      process.stderr.write(
        `\rheed: ${label} ${percent} % ${detail}\x1b[K${percent === 100 ? "\n" : ""}`,
      );
    } else if (Math.floor(percent / 20) > Math.floor(last / 20)) {
      process.stderr.write(`heed: ${label} ${percent} %\n`);
    }
    last = percent;
  };
}

/**
 * Runs a program to its end. `onLine` gets each line of its standard output; without it the output goes to ours.
 * `quiet` keeps all output back unless the program fails. Rejects with a SetupError that names the program.
 * Returns { status, output }; with `check: false` for a program that failed, too.
 * `show` passes the output on as it comes and keeps it.
 */
export function run(
  program,
  args,
  { cwd = root, env, onLine, quiet = false, show = false, check = true, input } = {},
) {
  return new Promise((resolve, reject) => {
    const capture = quiet || onLine !== undefined || !check;
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: [input === undefined ? "ignore" : "pipe", capture ? "pipe" : 2, capture ? "pipe" : 2],
    });
    let output = "";
    let rest = "";
    const take = (chunk) => {
      output += chunk;
      if (show) process.stderr.write(chunk);
      if (onLine === undefined) return;
      const lines = (rest + chunk).split(/\r?\n/);
      rest = lines.pop();
      for (const line of lines) onLine(line);
    };
    child.stdout?.setEncoding("utf8").on("data", take);
    child.stderr
      ?.setEncoding("utf8")
      .on("data", onLine === undefined ? take : (chunk) => (output += chunk));
    child.stdin?.end(input);
    child.on("error", (error) => {
      const missing = error.code === "ENOENT";
      reject(
        new SetupError(missing ? `${program} is not installed` : `${program}: ${error.message}`),
      );
    });
    child.on("close", (status, signal) => {
      if (rest !== "" && onLine !== undefined) onLine(rest);
      if (check && status !== 0) {
        if (capture) process.stderr.write(output.slice(-8000));
        reject(
          new SetupError(
            `"${[program, ...args].join(" ").slice(0, 300)}" ended with ${signal ?? `status ${status}`}`,
          ),
        );
      } else {
        resolve({ status, signal, output });
      }
    });
  });
}

/** Where a program is on the PATH (not counting node_modules), or undefined. */
export function which(program) {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder, program);
    if (folder !== "" && existsSync(path)) return path;
  }
  return undefined;
}

/** Hash of texts and of files (given as { file }). */
export function hashOf(...parts) {
  const hash = createHash("sha256");
  for (const part of parts)
    hash.update(part?.file === undefined ? String(part) : readFileSync(part.file)).update("\0");
  return hash.digest("hex").slice(0, 16);
}

/** All files under the given files and folders of the repository, sorted; what does not exist counts as empty. */
export function filesUnder(...paths) {
  const files = [];
  const visit = (path) => {
    if (!existsSync(path)) return;
    if (!statSync(path).isDirectory()) files.push(path);
    else for (const name of readdirSync(path)) if (name !== "node_modules") visit(join(path, name));
  };
  for (const path of paths) visit(join(root, path));
  return files.sort();
}

/** One at a time, over all processes, for each name; a lock left by a process that is gone is taken over. */
export async function withLock(name, action) {
  const lock = join(build, "locks", name);
  mkdirSync(dirname(lock), { recursive: true });
  for (let told = false; ; told = true) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const owner = existsSync(lock) ? Number(readFileSync(lock, "utf8")) : 0;
    if (owner > 0 && owner !== process.pid && !existsSync(`/proc/${owner}`)) {
      rmSync(lock, { force: true });
    } else {
      if (!told) say(`waiting for process ${owner}, which is at work on the same thing (${name})`);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
  try {
    return await action();
  } finally {
    rmSync(lock, { force: true });
  }
}

/**
 * Does `action` unless it was done before with the same inputs (paths in the repository, and other values), and its
 * outputs (paths too) are still there. The action returns nothing; a failed one is done again next time.
 */
export function once(name, { inputs, values = [], outputs = [] }, action) {
  return withLock(name, async () => {
    const stamp = join(build, "stamps", name);
    const files = filesUnder(...inputs);
    const wanted = hashOf(...values, ...files.flatMap((file) => [file, { file }]));
    const done = existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
    if (done && outputs.every((path) => existsSync(join(root, path)))) return false;
    await action();
    mkdirSync(dirname(stamp), { recursive: true });
    writeFileSync(stamp, wanted);
    return true;
  });
}
