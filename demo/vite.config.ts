import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { transform } from "esbuild";
import type { Plugin } from "vite";
import { defineConfig } from "vite";
import { docPages } from "./docs/make.mjs";
import { heedEntry, heedWorker, inRepository, networkFolder } from "./heed-package.mjs";
import { kDictionaryFile, kNetworkFiles } from "./src/pipeline/network-files";

const kModels = [...Object.values(kNetworkFiles), kDictionaryFile];

/** Puts the networks and their dictionary, an npm package's files, under models/. */
function networks(): Plugin {
  return {
    name: "heed-networks",
    configureServer({ middlewares }) {
      middlewares.use("/models/", (request, response, next) => {
        const file = basename(request.url ?? "");
        if (!kModels.includes(file)) return next();
        createReadStream(join(networkFolder, file)).pipe(response);
      });
    },
    generateBundle() {
      for (const file of kModels) {
        this.emitFile({
          type: "asset",
          fileName: `models/${file}`,
          source: readFileSync(join(networkFolder, file)),
        });
      }
    },
  };
}

/** Puts the documentation under docs/. */
function documentation(): Plugin {
  return {
    name: "heed-documentation",
    async generateBundle() {
      for (const [file, source] of Object.entries(await docPages())) {
        this.emitFile({ type: "asset", fileName: `docs/${file}`, source });
      }
    },
  };
}

/** Writes licences.txt: the licence of every npm package of which something is in the page. */
function licences(): Plugin {
  return {
    name: "heed-licences",
    generateBundle(_, bundle) {
      const modules = Object.values(bundle).flatMap((item) =>
        item.type === "chunk" ? item.moduleIds : [],
      );
      const folders = modules.flatMap((id) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id) ?? []);
      const texts = [...new Set(folders)].sort().map((folder) => {
        const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
        return `${name} ${version}\n\n${readFileSync(join(folder, "LICENSE"), "utf8")}`;
      });
      this.emitFile({
        type: "asset",
        fileName: "licences.txt",
        source: texts.join(`\n${"-".repeat(80)}\n\n`),
      });
    },
  };
}

/** Writes service-worker.js, which knows every file of the build and keeps them for offline use. */
function offline(): Plugin {
  return {
    name: "heed-offline",
    apply: "build",
    enforce: "post",
    async generateBundle(_, bundle) {
      const files = ["./", "icon.svg", "manifest.webmanifest", ...Object.keys(bundle)].filter(
        (file) => file !== "index.html" && !file.endsWith(".map"),
      );
      const hash = createHash("sha256");
      for (const item of Object.values(bundle))
        hash.update("code" in item ? item.code : item.source);
      const source = readFileSync(inRepository("demo/src/service-worker.ts"), "utf8");
      const { code } = await transform(source, {
        loader: "ts",
        define: {
          FILES: JSON.stringify(files),
          VERSION: JSON.stringify(hash.digest("hex").slice(0, 16)),
        },
      });
      this.emitFile({ type: "asset", fileName: "service-worker.js", source: code });
    },
  };
}

export default defineConfig({
  root: inRepository("demo"),
  base: "./",
  resolve: {
    alias: [
      { find: /^heed$/, replacement: heedEntry() },
      { find: /^heed\/worker\.js/, replacement: heedWorker() },
    ],
  },
  build: {
    outDir: inRepository("build/demo"),
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { host: "127.0.0.1" },
  plugins: [networks(), documentation(), licences(), offline()],
});
