// Measuring in headless Chromium: each job in a browser of its own, on a page from 127.0.0.1.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import puppeteer from "puppeteer-core";
import { kChromiumArguments } from "../../.dev/browsers.mjs";
import { serveFolder } from "../browser/static-server.mjs";

/** @param root the repository, which is what the page's server serves */
export async function inChromium(root, executablePath) {
  const server = await serveFolder(root);
  const addressOf = (path) => new URL(relative(root, path), server.url).href;
  const withBrowser = async (action) => {
    const userDataDir = mkdtempSync(join(tmpdir(), "heed-bench-"));
    const options = {
      executablePath,
      userDataDir,
      args: kChromiumArguments,
      protocolTimeout: 600_000,
    };
    const browser = await puppeteer.launch(options);
    try {
      return await action(browser);
    } finally {
      await browser.close();
      rmSync(userDataDir, { recursive: true, force: true });
    }
  };
  const version = await withBrowser((browser) => browser.version());
  return {
    title: version.replace("Headless", "").replace("/", " "),
    measure: (job) =>
      withBrowser(async (browser) => {
        const page = await browser.newPage();
        await page.goto(addressOf(join(root, "tests/bench/page.html")));
        const idle = await peakMemory(browser);
        const urls = {};
        for (const [name, path] of Object.entries(job.paths)) urls[name] = addressOf(path);
        const value = await page.evaluate(
          async (job, file) => {
            const { [job.kind]: measure } = await import("./measure.mjs");
            return measure(job, new Uint8Array(await (await fetch(file)).arrayBuffer()));
          },
          { ...job, urls },
          addressOf(job.task.file),
        );
        return { ...value, idle, peak: await peakMemory(browser) };
      }),
    close: () => server.close(),
  };
}

/** Peak resident set of the largest renderer process, bytes; undefined where there is no /proc. */
async function peakMemory(browser) {
  const session = await browser.target().createCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const peaks = processInfo
    .filter(({ type }) => type === "renderer")
    .map(({ id }) => {
      try {
        return /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${id}/status`, "utf8"))?.[1] * 1024;
      } catch {
        return Number.NaN;
      }
    });
  const peak = Math.max(...peaks.filter(Number.isFinite));
  return Number.isFinite(peak) ? peak : undefined;
}
