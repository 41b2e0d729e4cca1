// The C++ toolchain, in build/toolchain, without touching the system.
//
// Debian 13 ("trixie") has Emscripten 3.1.69 on LLVM 19. Its packages, and everything that they need down to libc, are downloaded
// by apt (which checks signatures and hashes) from the mirror that this machine already uses, unpacked into one folder, and its
// programs are pointed at the libraries that came along. Native builds use the same clang with that folder as their sysroot.
// Where Emscripten 3.1.69 or newer is on the PATH already, that one is used and trixie's is left out.

import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import {
  hashOf,
  progress,
  run,
  runAsScript,
  SetupError,
  say,
  toolchain,
  which,
  withLock,
} from "./run.mjs";

/** To be raised when unpacking or patching changes, so that it is done again. */
const kRecipe = 3;

const kOldestEmscripten = [3, 1, 69];

const kNative = [
  "clang-19",
  "lld-19",
  "llvm-19",
  "clang-format-19",
  "libclang-rt-19-dev",
  "libstdc++-14-dev",
  "patchelf",
];
const kHeaders = [
  "libxtensor-dev",
  "xtl-dev",
  "libprotozero-dev",
  "libsimde-dev",
  "catch2/bookworm",
];
const kTestData = ["libonnx-testdata"];
const kEmscripten = ["emscripten", "binaryen"];
/** Taken from trixie only where the machine has none: program -> package. */
const kBuildTools = { cmake: "cmake", ninja: "ninja-build" };
/** What apt shall take as installed, to leave it out of the closure: the machine has it, or nothing here calls it. */
const kAssumed = [
  "nodejs",
  "python3",
  "ccache",
  "dpkg",
  "tar",
  "perl",
  "debconf",
  "media-types",
  "netbase",
  "tzdata",
  "node-acorn",
];

/** Folders of the packages that nothing here reads (they are two thirds of the bytes). */
const kLeftOut = [
  "./usr/share/doc*",
  "./usr/share/man*",
  "./usr/share/locale*",
  "./usr/share/info*",
  "./usr/share/lintian*",
  "./usr/share/emscripten/test*",
  "*/wasm64-emscripten*",
  "*/wasm32-emscripten/thinlto*",
];

const kMachines = {
  x64: { debian: "amd64", triple: "x86_64-linux-gnu", loader: "lib64/ld-linux-x86-64.so.2" },
  arm64: { debian: "arm64", triple: "aarch64-linux-gnu", loader: "lib/ld-linux-aarch64.so.1" },
};

const sysroot = join(toolchain, "root");
/** Where the sysroot is put together, so that what is there keeps working until the new one is complete. */
const fresh = `${sysroot}.new`;
const bin = join(toolchain, "bin");
const include = join(toolchain, "include");

/** Emscripten on the PATH, if it is new enough (and not ours). */
async function installedEmscripten() {
  const path = which("emcc");
  if (path === undefined || path.startsWith(toolchain)) return undefined;
  const { status, output } = await run(path, ["--version"], { check: false });
  const found = /(\d+)\.(\d+)\.(\d+)/.exec(output)?.slice(1).map(Number);
  if (status !== 0 || found === undefined) return undefined;
  const newer =
    found.map((n, i) => n - kOldestEmscripten[i]).find((difference) => difference !== 0) ?? 0;
  return newer >= 0 ? dirname(realpathSync(path)) : undefined;
}

export async function ensureToolchain() {
  const emsdk = await installedEmscripten();
  const packages = [...kNative, ...kHeaders, ...kTestData, ...(emsdk ? [] : kEmscripten)];
  for (const [program, name] of Object.entries(kBuildTools))
    if (which(program) === undefined) packages.push(name);
  // Two stamps: the unpacked packages (slow), and the small files written around them.
  const unpacked = stampOf(
    "unpacked",
    process.arch,
    toolchain,
    packages.join(" "),
    kLeftOut.join(" "),
    kRecipe,
  );
  const ready = stampOf("ready", unpacked.hash, emsdk, process.execPath, {
    file: new URL(import.meta.url),
  });
  if (ready.holds()) return;

  const machine = kMachines[process.arch];
  if (which("apt-get") === undefined || process.platform !== "linux" || machine === undefined) {
    throw new SetupError(
      "this needs Debian 12 or newer (apt, amd64 or arm64): its packages bring Emscripten, clang and the C++ headers" +
        (emsdk
          ? ""
          : "; or install Emscripten 3.1.69 or newer (emsdk) and put emcc on the PATH, on such a system"),
    );
  }
  if (which("python3") === undefined)
    throw new SetupError(
      "Python 3 is not installed (apt-get install python3); Emscripten needs it",
    );

  await withLock("toolchain", async () => {
    if (ready.holds()) return;
    say(
      emsdk
        ? `using the Emscripten in ${emsdk}`
        : "setting up Emscripten 3.1.69 and clang 19 in build/toolchain",
    );
    if (!unpacked.holds()) {
      await unpack(await download(packages, machine), machine);
      await pointAtOwnLibraries(machine);
      rmSync(`${sysroot}.old`, { recursive: true, force: true });
      if (existsSync(sysroot)) renameSync(sysroot, `${sysroot}.old`);
      renameSync(fresh, sysroot);
      rmSync(`${sysroot}.old`, { recursive: true, force: true });
      unpacked.write();
      rmSync(join(toolchain, "apt"), { recursive: true, force: true });
    }
    linkHeaders();
    await writeWrappers(machine, emsdk);
    await check(emsdk);
    ready.write();
    say("the toolchain is ready");
  });
}

/** A file that says what was last made, by the hash of what it was made from. */
function stampOf(name, ...inputs) {
  const path = join(toolchain, `${name}.stamp`);
  const hash = hashOf(...inputs);
  return {
    hash,
    holds: () => existsSync(path) && readFileSync(path, "utf8") === hash,
    write: () => writeFileSync(path, hash),
  };
}

/** The machine's own Debian mirror and key, as apt knows them. */
async function debianSource() {
  const { output } = await run("apt-get", ["indextargets", "Created-By: Packages"], {
    check: false,
  });
  const targets = output
    .split("\n\n")
    .map((text) =>
      Object.fromEntries([...text.matchAll(/^([\w-]+): (.*)$/gm)].map((m) => [m[1], m[2]])),
    );
  const main =
    targets.find((t) => t.Origin === "Debian" && t.Label === "Debian" && t.Component === "main") ??
    targets.find(
      (t) =>
        ["bookworm", "trixie"].includes(t.Codename ?? t.Suite ?? t.Release) &&
        t.Component === "main",
    );
  if (main === undefined) {
    throw new SetupError(
      "apt has no Debian mirror in its lists: run apt-get update as root on a Debian 12 or 13 system",
    );
  }
  return { uri: main["Repo-URI"], signedBy: main["Signed-By"] };
}

/** Downloads `packages` with all that they need, and returns the paths of the archives. */
async function download(packages, machine) {
  const apt = join(toolchain, "apt");
  for (const folder of ["lists/partial", "archives/partial", "etc"])
    mkdirSync(join(apt, folder), { recursive: true });
  const { uri, signedBy } = await debianSource();
  const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
  const key = signedBy ?? (existsSync(keyring) ? keyring : undefined);
  const options = key === undefined ? "" : `[signed-by=${key}] `;
  writeFileSync(
    join(apt, "sources.list"),
    ["trixie", "bookworm"].map((suite) => `deb ${options}${uri} ${suite} main\n`).join(""),
  );
  writeFileSync(
    join(apt, "status"),
    kAssumed
      .map(
        (name) =>
          `Package: ${name}\nStatus: install ok installed\nVersion: 999\nArchitecture: ${machine.debian}\nMulti-Arch: allowed\n`,
      )
      .join("\n"),
  );
  const { output: acquire } = await run("apt-config", ["dump", "Acquire"], { check: false });
  const config = join(apt, "apt.conf");
  writeFileSync(
    config,
    `${acquire}
Dir "${apt}";
Dir::State "${apt}";
Dir::State::lists "${apt}/lists";
Dir::State::status "${apt}/status";
Dir::Cache "${apt}";
Dir::Cache::archives "${apt}/archives";
Dir::Etc "${apt}/etc";
Dir::Etc::parts "/dev/null";
Dir::Etc::sourcelist "${apt}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::trusted "/etc/apt/trusted.gpg";
Dir::Etc::trustedparts "/etc/apt/trusted.gpg.d";
Dir::Etc::netrc "/etc/apt/auth.conf";
Dir::Etc::netrcparts "/etc/apt/auth.conf.d";
APT::Install-Recommends "false";
APT::Default-Release "trixie";
APT::Keep-Downloaded-Packages "true";
Debug::NoLocking "true";
${process.getuid() === 0 ? 'APT::Sandbox::User "root";' : ""}
`,
  );
  const env = { APT_CONFIG: config, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" };
  say("reading the package lists of Debian 13");
  await run("apt-get", ["update", "-qq", "-o", "APT::Update::Error-Mode=any"], {
    env,
    quiet: true,
  });

  const install = ["install", "--yes", "--no-install-recommends", ...packages];
  const { output: uris } = await run("apt-get", ["--print-uris", "-qq", ...install], {
    env,
    quiet: true,
    check: false,
  });
  const missing = [...uris.matchAll(/^'\S+' (\S+) (\d+)/gm)];
  const bytes = missing.reduce((sum, [, , size]) => sum + Number(size), 0);
  const show = progress(`downloading ${missing.length} packages, ${Math.round(bytes / 1e6)} MB`);
  await run(
    "apt-get",
    ["-qq", "--download-only", "-o", "APT::Status-Fd=1", "-o", "Acquire::Retries=3", ...install],
    {
      env,
      onLine: (line) => {
        const at = /^dlstatus:\d+:([\d.]+):/.exec(line);
        if (at) show(Number(at[1]) / 100);
      },
    },
  );
  if (missing.length > 0) show(1);
  // Once downloaded, --print-uris lists nothing; a simulation names the archives that this set consists of.
  const { output: plan } = await run("apt-get", ["--simulate", ...install], {
    env,
    quiet: true,
    check: false,
  });
  const have = readdirSync(join(apt, "archives"));
  return [...plan.matchAll(/^Inst (\S+) \((\S+) .*\[(\w+)\]\)/gm)].map(
    ([, name, version, arch]) => {
      const file = `${name}_${version.replace(":", "%3a")}_${arch}.deb`;
      if (!have.includes(file)) throw new SetupError(`apt did not deliver ${file}`);
      return join(apt, "archives", file);
    },
  );
}

async function unpack(archives, machine) {
  rmSync(fresh, { recursive: true, force: true });
  // Trixie's /lib is a link into /usr; the packages rely on it.
  for (const name of ["bin", "sbin", "lib", "lib64"]) {
    mkdirSync(join(fresh, "usr", name), { recursive: true });
    symlinkSync(`usr/${name}`, join(fresh, name));
  }
  const show = progress(`unpacking ${archives.length} packages`);
  let done = 0;
  const total = archives.reduce((sum, path) => sum + statSync(path).size, 0);
  const excludes = kLeftOut.map((pattern) => `--exclude=${pattern}`);
  for (const archive of archives) {
    const command = 'dpkg-deb --fsys-tarfile "$1" | (shift; tar -x --keep-directory-symlink "$@")';
    await run(
      "bash",
      ["-o", "pipefail", "-c", command, "bash", archive, "-C", fresh, ...excludes],
      { quiet: true },
    );
    done += statSync(archive).size;
    show(done / total);
  }
  if (!existsSync(join(fresh, machine.loader)))
    throw new SetupError(`the unpacked libc6 has no ${machine.loader}`);
}

function libraryFolders(folder, machine) {
  return [join(folder, "usr/lib", machine.triple), join(folder, "usr/lib/llvm-19/lib")];
}

/** Sets the loader and the library path of every program that was unpacked. */
async function pointAtOwnLibraries(machine) {
  const loader = join(sysroot, machine.loader);
  const libraries = libraryFolders(sysroot, machine).join(":");
  const folders = libraryFolders(fresh, machine);
  // A copy, since a running program cannot be patched.
  const copy = join(toolchain, "patchelf");
  copyFileSync(join(fresh, "usr/bin/patchelf"), copy);
  const patchelf = (...args) =>
    run(join(fresh, machine.loader), ["--library-path", folders.join(":"), copy, ...args], {
      quiet: true,
    });
  const files = (folder) => readdirSync(folder).map((name) => join(folder, name));

  const programs = ["usr/bin", "usr/lib/llvm-19/bin"]
    .flatMap((folder) => files(join(fresh, folder)))
    .filter((path) => isElf(path) && namesLoader(path));
  const show = progress(`pointing ${programs.length} programs at their libraries`);
  for (const [i, program] of programs.entries()) {
    await patchelf("--set-interpreter", loader, "--force-rpath", "--set-rpath", libraries, program);
    show((i + 1) / programs.length);
  }
  // A library with a RUNPATH of its own would look for its needs on the system, whatever its program says.
  for (const library of folders
    .flatMap(files)
    .filter((path) => path.includes(".so") && isElf(path))) {
    if ((await patchelf("--print-rpath", library)).output.trim() !== "") {
      await patchelf("--remove-rpath", library);
    }
  }
}

function startOf(path) {
  const head = Buffer.alloc(4096);
  const file = openSync(path, "r");
  readSync(file, head, 0, head.length, 0);
  closeSync(file);
  return head;
}

/** Not a link to one. */
const isElf = (path) => lstatSync(path).isFile() && startOf(path).readUInt32BE(0) === 0x7f454c46;

const namesLoader = (path) => startOf(path).includes("/ld-linux");

function link(target, path) {
  rmSync(path, { force: true });
  symlinkSync(relative(dirname(path), target), path);
}

/** One include folder for the header-only libraries, the same for wasm and native. */
function linkHeaders() {
  mkdirSync(include, { recursive: true });
  for (const name of ["xtensor", "xtl", "protozero", "simde", "catch2"]) {
    const from = join(sysroot, "usr/include", name);
    if (!existsSync(from)) throw new SetupError(`the packages brought no headers for ${name}`);
    link(from, join(include, name));
  }
  link(join(sysroot, "usr/share/libonnx-testdata/data"), join(toolchain, "onnx-testdata"));
}

async function writeWrappers(machine, emsdk) {
  mkdirSync(bin, { recursive: true });
  const write = (name, text) => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  };

  // Native clang: trixie's headers and libraries, and programs that find trixie's loader when they run.
  const config = join(toolchain, "native.cfg");
  const rpaths = libraryFolders(sysroot, machine).map((folder) => `-Wl,-rpath,${folder}`);
  const options = [
    `--sysroot=${sysroot}`,
    "-fuse-ld=lld",
    `-Wl,--dynamic-linker=${join(sysroot, machine.loader)}`,
    ...rpaths,
  ];
  writeFileSync(config, `${options.join("\n")}\n`);
  for (const name of ["clang", "clang++"])
    write(name, `exec ${join(sysroot, "usr/lib/llvm-19/bin", name)} --config=${config} "$@"`);
  for (const name of readdirSync(join(sysroot, "usr/lib/llvm-19/bin"))) {
    if (
      /^(llvm-(ar|nm|ranlib|objdump|objcopy|symbolizer|profdata|cov|size|strip|dwarfdump|cxxfilt)|clang-format|lld|ld\.lld|wasm-ld)$/.test(
        name,
      )
    ) {
      link(join(sysroot, "usr/lib/llvm-19/bin", name), join(bin, name));
    }
  }
  for (const name of ["cmake", "ctest", "ninja"]) {
    if (existsSync(join(sysroot, "usr/bin", name)))
      link(join(sysroot, "usr/bin", name), join(bin, name));
  }

  const emscripten = emsdk ?? join(sysroot, "usr/share/emscripten");
  const binaryen = emsdk ? join(emsdk, "../bin") : join(sysroot, "usr/bin");
  for (const name of existsSync(binaryen)
    ? readdirSync(binaryen).filter((name) => name.startsWith("wasm-"))
    : []) {
    link(join(binaryen, name), join(bin, name));
  }
  let settings = "";
  if (emsdk === undefined) {
    const emConfig = join(toolchain, "emscripten.py");
    const quote = JSON.stringify;
    writeFileSync(
      emConfig,
      `LLVM_ROOT = ${quote(join(sysroot, "usr/lib/llvm-19/bin"))}
BINARYEN_ROOT = ${quote(join(sysroot, "usr"))}
EMSCRIPTEN_ROOT = ${quote(emscripten)}
NODE_JS = ${quote(process.execPath)}
CACHE = ${quote(join(emscripten, "cache"))}
FROZEN_CACHE = True
`,
    );
    settings = `EM_CONFIG=${emConfig} PATH="${bin}:$PATH" `;
    // Emscripten's scripts import acorn from beside themselves, run the tsc that comes first on the PATH (6 is too new for
    // --emit-tsd), and are CommonJS unless their names say otherwise, whatever the package above them is.
    mkdirSync(join(emscripten, "node_modules"), { recursive: true });
    const modules = join(toolchain, "../../node_modules");
    link(join(modules, "acorn"), join(emscripten, "node_modules/acorn"));
    link(join(modules, "typescript/bin/tsc"), join(bin, "tsc"));
    writeFileSync(join(emscripten, "package.json"), "{}\n");
  }
  // The interpreter itself: what the PATH has may be a script that looks for it at every call.
  const { output } = await run("python3", ["-c", "import sys; print(sys.executable)"], {
    quiet: true,
  });
  const python = output.trim();
  for (const name of ["emcc", "em++", "emar", "emranlib", "emcmake", "emsize"]) {
    const script = [`${name}.py`, `tools/${name}.py`]
      .map((file) => join(emscripten, file))
      .find(existsSync);
    if (script !== undefined) write(name, `${settings}exec ${python} -E ${script} "$@"`);
  }

  writeFileSync(
    join(toolchain, "env.sh"),
    `# . build/toolchain/env.sh: the toolchain's programs come first on the PATH.
export PATH="${bin}:$PATH"
export HEED_TOOLCHAIN="${toolchain}"
export ASAN_SYMBOLIZER_PATH="${bin}/llvm-symbolizer"
export EMSCRIPTEN_ROOT="${emscripten}"
`,
  );
  writeFileSync(
    join(toolchain, "toolchain.json"),
    `${JSON.stringify({ emscripten, sysroot, bin, include }, null, 2)}\n`,
  );
}

async function check(emsdk) {
  for (const program of ["clang++", "em++"]) {
    const path = join(bin, program);
    if (!existsSync(path))
      throw new SetupError(
        `${program} was not among the ${emsdk ? "installed" : "unpacked"} programs`,
      );
    await run(path, ["--version"], { quiet: true });
  }
}

await runAsScript(import.meta.url, ensureToolchain);
