// Vitest for every layer of tests that is written in TypeScript; .dev/test.mjs chooses the folders.

import { defineConfig } from "vitest/config";
import { relaxedSimdFlags } from "./node-flags.mjs";
import { build, root } from "./run.mjs";

export default defineConfig({
  root,
  cacheDir: `${build}/vitest`,
  resolve: {
    alias: [
      {
        find: /^heed\/(engine|embedded|recipes)$/,
        replacement: `${build}/generated/$1.ts`,
      },
      { find: /^heed$/, replacement: `${build}/package/index.js` },
      { find: /^heed\/(layers|external)$/, replacement: `${build}/package/$1.js` },
    ],
  },
  test: {
    include: ["tests/**/*.test.{ts,mjs}"],
    exclude: ["**/node_modules/**", "tests/package/projects/**"],
    pool: "forks",
    // Two processors are the reference, and some of the files measure memory.
    poolOptions: { forks: { maxForks: 2, execArgv: ["--expose-gc", ...relaxedSimdFlags()] } },
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});
