// The demo's page, in build/demo: Vite bundles demo/ with the built package.

import { join } from "node:path";
import { build as viteBuild } from "vite";
import { once, root, say } from "./run.mjs";

export async function buildDemo() {
  await once(
    "demo",
    {
      inputs: [
        "demo",
        "cpp/graph/operators.def",
        "cpp/attention",
        ".dev/layers.mjs",
        "build/package",
        "package-lock.json",
        ".dev/demo.mjs",
      ],
      outputs: ["build/demo/index.html"],
    },
    async () => {
      say("bundling the demo");
      await viteBuild({ configFile: join(root, "demo/vite.config.ts"), logLevel: "warn" });
    },
  );
}
