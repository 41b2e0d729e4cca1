// `npm start`: sets up, builds, serves the demo on 127.0.0.1 and builds again what an edit changed.

import { createReadStream, existsSync, statSync, watch } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { buildAll } from "./build.mjs";
import { build, root, runAsScript, SetupError, say } from "./run.mjs";

const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".webp": "image/webp",
  ".txt": "text/plain; charset=utf-8",
};

/** Serves a folder on 127.0.0.1, at the port or the next one that is free. Resolves to { server, address }. */
export function serve(folder, port = 8080) {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname));
    let file = join(folder, path);
    if (existsSync(file) && statSync(file).isDirectory()) file = join(file, "index.html");
    if (!file.startsWith(folder) || !existsSync(file)) {
      response.writeHead(404, { "Content-Type": "text/plain" }).end("not found");
      return;
    }
    response.writeHead(200, {
      "Content-Type": types[extname(file)] ?? "application/octet-stream",
      "Content-Length": statSync(file).size,
      "Cache-Control": "no-cache",
    });
    createReadStream(file).pipe(response);
  });
  return new Promise((resolve, reject) => {
    server.on("error", (error) => {
      if (error.code === "EADDRINUSE" && port !== 0) server.listen(++port, "127.0.0.1");
      else reject(error);
    });
    server.on("listening", () => {
      resolve({ server, address: `http://127.0.0.1:${server.address().port}/` });
    });
    server.listen(port, "127.0.0.1");
  });
}

/** Calls `action` after edits below the folders, once for edits that come together, never twice at a time. */
function onEdits(folders, action) {
  let timer;
  let running = Promise.resolve();
  for (const folder of folders) {
    watch(join(root, folder), { recursive: true }, () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        running = running.then(action);
      }, 200);
    });
  }
}

async function start() {
  if (!(await buildAll())) throw new SetupError("there is no demo to serve yet");
  const { address } = await serve(join(build, "demo"), Number(process.env.PORT ?? 8080));
  console.log(`heed: the demo is at ${address} (Ctrl+C ends)`);
  onEdits(["cpp", "web/src", "demo"], async () => {
    try {
      const started = Date.now();
      await buildAll();
      say(`up to date after ${((Date.now() - started) / 1000).toFixed(1)} s: reload the page`);
    } catch (error) {
      say(error.message);
    }
  });
}

await runAsScript(import.meta.url, start);
