import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { root } from "../../.dev/run.mjs";
import { checkResult, installed, model, program, project } from "./tarball.mjs";

const execute = promisify(execFile);

async function node(folder, script) {
  const { stdout } = await execute(process.execPath, [script], { cwd: folder });
  return JSON.parse(stdout);
}

const print = (options) =>
  `main(${JSON.stringify(model)}, ${options}).then((result) => console.log(JSON.stringify(result)));`;

test.each([
  ["an ES module", "a.mjs", 'import { loadModel, Tensor } from "heed";'],
  ["an ES module, heed/external", "b.mjs", 'import { loadModel, Tensor } from "heed/external";'],
  ["CommonJS", "c.cjs", 'const { loadModel, Tensor } = require("heed");'],
  ["CommonJS, heed/external", "d.cjs", 'const { loadModel, Tensor } = require("heed/external");'],
])("Node.js runs it from %s, in this thread and in a worker", async (_, file, imports) => {
  const folder = await project("node", { [file]: imports + program + print("{}") });
  checkResult(expect, await node(folder, file), { worker: false });
  const worker = await project("node-worker", {
    [file]: imports + program + print("{ worker: true }"),
  });
  checkResult(expect, await node(worker, file), { worker: true });
});

test("a worker that was not disposed of does not keep Node.js alive", async () => {
  const script = `import { loadModel } from "heed";
    await loadModel(${JSON.stringify(model)}, { worker: true });
    console.log("1");`;
  const folder = await project("node-idle", { "idle.mjs": script });
  expect(await node(folder, "idle.mjs")).toBe(1);
});

test("the worker's script works from an address too", async () => {
  const options = '{ worker: true, workerUrl: new URL(import.meta.resolve("heed/worker.js")) }';
  const imports = 'import { loadModel, Tensor } from "heed";';
  const folder = await project("node-url", { "url.mjs": imports + program + print(options) });
  checkResult(expect, await node(folder, "url.mjs"), { worker: true });
});

test("classes are the same whichever entry they come from", async () => {
  const script = `import * as heed from "heed"; import * as external from "heed/external";
    console.log(heed.Tensor === external.Tensor && heed.HeedError === external.HeedError ? 1 : 0);`;
  const folder = await project("node-same", { "same.mjs": script });
  expect(await node(folder, "same.mjs")).toBe(1);
});

test("the command is installed", async () => {
  const command = join(await installed(), "node_modules/.bin/heed");
  const { stdout } = await execute(command, ["inspect", model, "--json"]);
  expect(JSON.parse(stdout).attention).toHaveLength(9);
  const notices = readFileSync(
    join(await installed(), "node_modules/heed/cli.LICENSES.txt"),
    "utf8",
  );
  for (const name of ["fast-png", "jpeg-js", "fflate", "iobuffer"]) {
    expect(notices).toMatch(new RegExp(`^${name} \\d.*\\n\\n[^-]`, "m"));
  }
});

test("the package has no dependency, and no script that runs at installation", async () => {
  const manifest = JSON.parse(
    readFileSync(join(await installed(), "node_modules/heed/package.json"), "utf8"),
  );
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  expect(manifest).toMatchObject({ name: "heed", version, type: "module", sideEffects: false });
  for (const field of ["dependencies", "peerDependencies", "optionalDependencies", "scripts"]) {
    expect(manifest).not.toHaveProperty(field);
  }
  // `types` comes first wherever conditions are given.
  for (const branch of [manifest.exports["."].import, manifest.exports["."].require]) {
    expect(Object.keys(branch)[0]).toBe("types");
  }
});
