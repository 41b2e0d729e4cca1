// The exported mechanisms of tests/bench/layers/models: what `npm run bench -- layers` runs.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { propertiesOf } from "../support/onnx-file.mjs";
import { medianOf, quartilesOf } from "./report.mjs";

const kLayersBesideNetworks = "../package/layers.js";

/** A task { title, file } for each file, in the catalogue's order. `wanted`: parts of titles, or undefined for all. */
export function layerTasks(root, wanted) {
  const folder = join(root, "tests/bench/layers/models");
  const tasks = readdirSync(folder).map((name) => {
    const file = join(folder, name);
    const { mechanism, dialect, place, sizes } = JSON.parse(propertiesOf(readFileSync(file)).heed);
    return { title: `${mechanism} ${dialect}`, place, side: Object.values(sizes[0])[0], file };
  });
  return tasks
    .filter(({ title }) => wanted === undefined || wanted.some((part) => title.includes(part)))
    .sort((a, b) => a.place - b.place || a.side - b.side);
}

/**
 * What the measurements import beside the packages: the counter hash and the networks of layers, as JavaScript, and heed's
 * layers once there are any.
 */
export function layerPaths(root, build) {
  const layers = join(build, "package/layers.js");
  const [hash, networks] = ["counter-hash", "networks"].map((name) => {
    const outfile = join(build, `bench/${name}.mjs`);
    buildSync({
      entryPoints: [join(root, `tests/support/${name}.ts`)],
      outfile,
      format: "esm",
      bundle: true,
      // A page has no packages: the layers that the measurements import, from beside the file.
      alias: { "heed/layers": kLayersBesideNetworks },
      external: [kLayersBesideNetworks],
    });
    return outfile;
  });
  return existsSync(layers) ? { hash, layers, networks } : { hash };
}

/**
 * A row for each size, of the results of a few processes: { title, shapes, ort, layer, file }, an engine being { time },
 * { time, ratio, quartiles } beside ONNX Runtime, { difference } where that is over 1, or { error }; or missing.
 */
export function layerRows({ title }, results) {
  return results[0].sizes.map(({ shapes }, i) => {
    const parts = results.map(({ sizes }) => sizes[i]);
    const timesOf = (name) => parts.flatMap(({ times }) => times[name] ?? []);
    const row = { title, shapes };
    for (const name of ["ort", "layer", "file"]) {
      const error = parts.find(({ errors }) => errors[name] !== undefined)?.errors[name];
      const difference = Math.max(...parts.map(({ differences }) => differences[name] ?? 0));
      if (error !== undefined) row[name] = { error };
      else if (!(difference <= 1)) row[name] = { difference };
      else if (timesOf(name).length > 0) row[name] = comparison(timesOf(name), timesOf("ort"));
    }
    return row;
  });
}

function comparison(times, ort) {
  const time = medianOf(times);
  if (times.length !== ort.length) return { time };
  const ratios = times.map((own, round) => ort[round] / own);
  return { time, ratio: medianOf(ratios), quartiles: quartilesOf(ratios) };
}
