// Pages in Chromium and Firefox, and the servers that they come from.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";

const kTypes = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

/** Serves a folder on 127.0.0.1 under a content security policy (or none): { url, close }. */
export async function serve(folder, policy) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    try {
      const body = await readFile(join(folder, pathname === "/" ? "index.html" : pathname));
      response.setHeader("content-type", kTypes[extname(pathname)] ?? "application/octet-stream");
      if (pathname === "/") response.setHeader("content-type", "text/html");
      if (policy) response.setHeader("content-security-policy", policy);
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${server.address().port}/`, close };
}

/** A page whose module script is `main.js`; `window.finish` gives the test what the script found. */
export const page = (script = "main.js") =>
  `<!doctype html><meta charset="utf-8"><title>heed</title><script type="module" src="./${script}"></script>`;

/** At the end of a page's script: runs `work` and leaves { value } or { error } for `resultOf`. */
export const report = (work) => `
Promise.resolve().then(async () => ${work}).then(
  (value) => { globalThis.result = { value }; },
  (error) => { globalThis.result = { error: { code: error.code, message: error.message } }; },
);
`;

/** Opens an address, and waits for what its script reports. */
export async function resultOf(browser, url) {
  const tab = await browser.newPage();
  const said = [];
  tab.on("console", (message) => said.push(message.text()));
  tab.on("pageerror", (error) => said.push(String(error)));
  try {
    await tab.goto(url);
    await tab.waitForFunction("globalThis.result !== undefined", { timeout: 90_000 });
    return await tab.evaluate("globalThis.result");
  } catch (error) {
    throw new Error(`${error.message}\nthe page said: ${said.join("\n")}`);
  } finally {
    await tab.close();
  }
}
