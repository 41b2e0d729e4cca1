// The fixtures' files, in Node.js.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Fixture, parseFixtures } from "./fixture-cases.ts";

export { difference } from "./fixture-cases.ts";

const folder = fileURLToPath(new URL("../fixtures/attention/", import.meta.url));

/** All cases of a file. */
export const readFixtures = (file: string): Fixture[] =>
  parseFixtures(readFileSync(`${folder}${file}.safetensors`));
