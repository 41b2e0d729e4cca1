import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "fast-png";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inRepository } from "../../demo/heed-package.mjs";
import { fold } from "../demo/fold.mjs";
import { coloursOf, openDemo, readSample, shoot } from "./demo-page.mjs";
import { openBrowser } from "./open-browser.mjs";
import { serveFolder } from "./static-server.mjs";

const kSamples = ["receipt", "street-sign", "page", "mixed", "upside-down"];
const truthOf = (name) =>
  JSON.parse(readFileSync(inRepository(`demo/samples/${name}.json`), "utf8")).lines;

let server;
beforeAll(async () => {
  server = await serveFolder(inRepository("build/demo"));
});
afterAll(() => server.close());

describe.each(["chromium", "firefox"])("in %s", (name) => {
  let browser;
  let page;
  let problems;
  beforeAll(async () => {
    browser = await openBrowser(name);
    ({ page, problems } = await openDemo(browser, server.url));
  });
  afterAll(() => browser?.close());

  test("the page says that the networks are loaded, under a strict policy and without isolation", async () => {
    await page.waitForSelector(".loading.ready", { timeout: 120_000 });
    expect(await page.$eval(".loading", (node) => node.textContent)).toMatch(/16\.1 MB/);
    expect(await page.evaluate(() => self.crossOriginIsolated)).toBe(false);
    await shoot(page, `${name}-start`);
  });

  test.each(kSamples)("the sample %s is read as it is written", async (sample) => {
    const lines = await readSample(page, sample);
    await shoot(page, `${name}-${sample}`);
    expect(lines.map(fold)).toEqual(truthOf(sample).map(fold));
    expect(await page.$$(".boxes polygon")).toHaveLength(lines.length);
    const times = await page.$$eval(".timings dd", (nodes) =>
      nodes.map((node) => node.textContent),
    );
    for (const time of times) expect(time).toMatch(/^[\d.]+ m?s$/);
  });

  test("the line that stands upside down is said to", async () => {
    const turned = await page.$$eval(".line", (nodes) =>
      nodes.map((node) => node.querySelector(".tag") !== null),
    );
    expect(turned).toEqual([false, false, false, true]);
  });

  test("the probability map is drawn over the picture", async () => {
    await page.click('.segmented input[value="probability"]');
    expect(await coloursOf(page, ".stage .heat")).toBeGreaterThan(16);
    await shoot(page, `${name}-probability`);
    await page.click('.segmented input[value="none"]');
    expect(await page.$eval(".stage .heat", (node) => node.hidden)).toBe(true);
  });

  test("list and picture point at each other", async () => {
    await page.hover('.line[data-slot="1"]');
    await page.waitForSelector('g[data-slot="1"].pointed');
    await page.hover('g[data-slot="2"] polygon');
    await page.waitForSelector('.line[data-slot="2"].pointed');
  });

  test.each([
    ["detect", 10],
    ["direction", 9],
    ["recognise", 2],
  ])(
    "the gates of %s: %d blocks, bars, and where the favoured channels are active",
    async (network, count) => {
      await page.click("#tab-gates");
      await page.click(`.gates input[value="${network}"]`);
      await page.waitForFunction(
        (blocks) => document.querySelectorAll(".block[aria-label$='channels']").length === blocks,
        { timeout: 60_000 },
        count,
      );
      await page.waitForSelector(".gallery .tile");
      expect(await coloursOf(page, ".bars canvas")).toBeGreaterThan(1);
      const heat = network === "detect" ? ".stage .heat" : ".heat-figure .heat";
      expect(await coloursOf(page, heat)).toBeGreaterThan(16);
      await page.focus(".bars");
      await page.keyboard.press("Home");
      await page.keyboard.press("ArrowRight");
      expect(await page.$eval(".bars", (node) => node.getAttribute("aria-valuetext"))).toMatch(
        /^channel 1, gate [\d.]+$/,
      );
      await shoot(page, `${name}-gates-${network}`);
    },
  );

  test("self-attention: the arrow keys move along the line, and each head looks elsewhere", async () => {
    await page.click("#tab-self");
    await page.waitForSelector(".character", { timeout: 60_000 });
    expect(await coloursOf(page, ".matrix canvas")).toBeGreaterThan(16);
    expect(await coloursOf(page, ".strip .heat")).toBeGreaterThan(3);
    const readout = () => page.$eval(".strip .readout", (node) => node.textContent);
    await page.focus(".character");
    const first = await readout();
    expect(first).toMatch(/^T looks at: \S+ [1-9]\d*%, \S+ \d+%, \S+ \d+%$/);
    await page.keyboard.press("ArrowRight");
    expect(await readout()).toMatch(/^h looks at: /);
    await page.keyboard.press("Home");
    await page.click('.self-attention input[value="3"]');
    expect(await readout()).not.toBe(first);
    await shoot(page, `${name}-self-attention`);
  });

  test("a file that is no image gives one sentence, and the next picture is read", async () => {
    await page.click("#tab-text");
    const input = await page.$("#file");
    await input.uploadFile(inRepository("package.json"));
    await page.waitForFunction(
      () =>
        document.querySelector(".summary").textContent.includes("cannot decode") ||
        document.querySelector(".summary").textContent.includes("can decode"),
    );
    const lines = await readSample(page, "street-sign");
    expect(lines.map(fold)).toEqual(truthOf("street-sign").map(fold));
  });

  test.each([
    [1, 1],
    [20000, 50],
  ])("a white picture of %d x %d has no text, which is no error", async (width, height) => {
    const path = join(mkdtempSync(join(tmpdir(), "heed-demo-")), "white.png");
    const data = new Uint8Array(width * height).fill(255);
    writeFileSync(path, encode({ width, height, data, channels: 1 }));
    const input = await page.$("#file");
    await input.uploadFile(path);
    await page.waitForFunction(
      () => document.querySelector(".summary").textContent === "No text found in this image.",
      { timeout: 60_000 },
    );
    expect(await page.$eval(".picture", (node) => node.getAttribute("aria-label"))).toBe(
      `white.png, ${width} by ${height} pixels`,
    );
    await readSample(page, "upside-down");
  });

  test("nothing was written to the console as an error", () => {
    expect(problems).toEqual([]);
  });
});

describe("in chromium, on a phone", () => {
  let browser;
  beforeAll(async () => {
    browser = await openBrowser("chromium");
  });
  afterAll(() => browser?.close());

  test.each(["light", "dark"])(
    "at 360 pixels, %s: nothing is wider than the screen",
    async (theme) => {
      const { page } = await openDemo(browser, server.url, {
        width: 360,
        height: 740,
        dark: theme === "dark",
      });
      const widest = () => page.evaluate(() => document.documentElement.scrollWidth);
      await page.waitForSelector(".loading.ready", { timeout: 120_000 });
      expect(await widest()).toBe(360);
      await readSample(page, "mixed");
      for (const tab of ["text", "gates", "self", "benchmark"]) {
        await page.click(`#tab-${tab}`);
        await new Promise((resolve) => setTimeout(resolve, 1500));
        expect(await widest()).toBe(360);
        await shoot(page, `phone-${theme}-${tab}`);
      }
      await page.close();
    },
  );

  test("once loaded, it works without a connection", async () => {
    const { page } = await openDemo(browser, server.url);
    await page.evaluate(async () => {
      const { active } = await navigator.serviceWorker.ready;
      if (active.state === "activated") return;
      await new Promise((resolve) => active.addEventListener("statechange", resolve));
    });
    await page.setOfflineMode(true);
    await page.reload();
    const lines = await readSample(page, "street-sign");
    expect(lines.map(fold)).toEqual(truthOf("street-sign").map(fold));
    await page.close();
  });

  test("the page answers while a picture is read", async () => {
    const { page } = await openDemo(browser, server.url);
    await page.waitForSelector(".loading.ready", { timeout: 120_000 });
    await page.click('[data-sample="page"]');
    await page.waitForSelector(".line.pending");
    await page.click("#tab-benchmark");
    expect(await page.$eval("#panel-benchmark", (node) => node.hidden)).toBe(false);
    expect(await page.$$(".line.pending")).not.toHaveLength(0);
    await page.close();
  });
});
