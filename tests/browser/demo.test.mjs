import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "fast-png";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fakeCameraArguments } from "../../.dev/browsers.mjs";
import { inRepository } from "../../demo/heed-package.mjs";
import { fold } from "../demo/fold.mjs";
import { coloursOf, linesOf, openDemo, readSample, refusal, shoot } from "./demo-page.mjs";
import { openBrowser } from "./open-browser.mjs";
import { serveFolder } from "./static-server.mjs";

const kSamples = ["receipt", "street-sign", "page", "mixed", "upside-down"];
/** What each view shows when it is done. */
const kShown = {
  text: ".line .words",
  gates: ".gallery .tile",
  self: ".character",
  benchmark: ".benchmark table",
};
const truthOf = (name) =>
  JSON.parse(readFileSync(inRepository(`demo/samples/${name}.json`), "utf8")).lines;

/** A file that says it is a picture, and is not. */
function textNamedPng() {
  const path = join(mkdtempSync(join(tmpdir(), "heed-demo-")), "text.png");
  writeFileSync(path, "no picture");
  return path;
}

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
    await input.uploadFile(textNamedPng());
    expect(await refusal(page)).toBe("text.png is not an image that this browser can decode");
    expect(await page.$$(".line")).toHaveLength(4); // what was read before is still there
    await shoot(page, `${name}-refusal`);
    const lines = await readSample(page, "street-sign");
    expect(lines.map(fold)).toEqual(truthOf("street-sign").map(fold));
    expect(await page.$eval(".refusal", (node) => node.textContent)).toBe("");
  });

  test("an image that is pasted is read; pasted text is refused", async () => {
    const paste = (kind) =>
      page.evaluate(async (wanted) => {
        const clipboardData = new DataTransfer();
        if (wanted === "image") {
          const picture = document.querySelector('[data-sample="upside-down"] img');
          const bytes = await (await fetch(picture.src)).arrayBuffer();
          clipboardData.items.add(new File([bytes], "image.jpg", { type: "image/jpeg" }));
        } else clipboardData.setData("text/plain", "words");
        const event = new ClipboardEvent("paste", { bubbles: true });
        // Firefox's constructor gives the event a clipboard of its own, an empty one.
        Object.defineProperty(event, "clipboardData", { value: clipboardData });
        document.body.dispatchEvent(event);
      }, kind);
    await paste("text");
    expect(await refusal(page)).toBe("There is no image on the clipboard");
    await paste("image");
    const lines = await linesOf(page, "Pasted image");
    expect(lines.map(fold)).toEqual(truthOf("upside-down").map(fold));
  });

  test("without a camera the page says so", async () => {
    await page.evaluate(() => {
      for (const button of document.querySelectorAll(".sources button"))
        if (button.textContent === "Camera") button.click();
    });
    expect(await refusal(page)).toMatch(/camera.*; choose an image instead$/);
    await readSample(page, "upside-down");
  });

  test.each([
    [1, 1],
    [20000, 50],
    [640, 480],
  ])("a picture of %d x %d without text is no error", async (width, height) => {
    const path = join(mkdtempSync(join(tmpdir(), "heed-demo-")), "white.png");
    const data = new Uint8Array(width * height).fill(255);
    if (height > 50) for (let i = 0; i < data.length; i++) data[i] = (i % width) / 4; // a gradient
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
    expect(await page.$$(".line")).toHaveLength(0);
    await page.click("#tab-self");
    expect(await page.$eval(".self-attention .note", (node) => node.textContent)).toBe(
      "No text was found in this image.",
    );
    for (const view of [".strip", ".matrix"])
      expect(await page.$eval(view, (node) => node.hidden)).toBe(true);
    await shoot(page, `${name}-no-text-${width}x${height}`);
    await page.click("#tab-text");
    await readSample(page, "upside-down");
  });

  test("nothing was written to the console as an error", () => {
    expect(problems).toEqual([]);
  });
});

describe("in chromium, with a camera and a clipboard", () => {
  let browser;
  let page;
  beforeAll(async () => {
    const film = join(mkdtempSync(join(tmpdir(), "heed-demo-")), "sign.mjpeg");
    copyFileSync(inRepository("demo/samples/street-sign.jpg"), film);
    browser = await openBrowser("chromium", fakeCameraArguments(film));
    ({ page } = await openDemo(browser, server.url));
    await page.waitForSelector(".loading.ready", { timeout: 120_000 });
  });
  afterAll(() => browser?.close());

  const press = (label) => page.click(`::-p-xpath(//button[normalize-space()="${label}"])`);
  const focused = () => page.evaluate(() => document.activeElement.textContent);

  test("a first file that is no image is refused where a visitor sees it", async () => {
    const input = await page.$("#file");
    await input.uploadFile(textNamedPng());
    expect(await refusal(page)).toBe("text.png is not an image that this browser can decode");
    await shoot(page, "chromium-start-refusal");
  });

  test.each(["Cancel", "Escape"])("%s leaves the camera, and gives the focus back", async (way) => {
    await press("Camera");
    await page.waitForSelector("dialog.camera .primary:not(:disabled)");
    expect(await focused()).toBe("Take photograph");
    const tracks = await page.evaluateHandle(() =>
      document.querySelector(".camera video").srcObject.getTracks(),
    );
    if (way === "Escape") await page.keyboard.press("Escape");
    else await press("Cancel");
    await page.waitForFunction(() => document.querySelector("dialog") === null);
    expect(await tracks.evaluate((all) => all.map(({ readyState }) => readyState))).toEqual([
      "ended",
    ]);
    expect(await focused()).toBe("Camera");
    expect(await page.$eval(".refusal", (node) => node.textContent)).toBe("");
  });

  test("what the camera shows is photographed and read", async () => {
    await press("Camera");
    await page.waitForSelector("dialog.camera .primary:not(:disabled)");
    await shoot(page, "chromium-camera");
    await press("Take photograph");
    const lines = await linesOf(page, "Photograph");
    expect(await page.$("dialog")).toBe(null);
    expect(lines.map(fold)).toEqual(truthOf("street-sign").map(fold));
  });

  test("the button pastes an image, and says where there is none", async () => {
    const { origin } = new URL(server.url);
    await browser
      .defaultBrowserContext()
      .overridePermissions(origin, ["clipboard-read", "clipboard-sanitized-write"]);
    await page.evaluate(() => navigator.clipboard.writeText("words"));
    await press("Paste");
    expect(await refusal(page)).toBe("There is no image on the clipboard");
    await page.evaluate(async () => {
      const picture = document.querySelector('[data-sample="upside-down"] img');
      const bitmap = await createImageBitmap(await (await fetch(picture.src)).blob());
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
      canvas.getContext("2d").drawImage(bitmap, 0, 0);
      const image = await canvas.convertToBlob({ type: "image/png" });
      await navigator.clipboard.write([new ClipboardItem({ "image/png": image })]);
    });
    await press("Paste");
    const lines = await linesOf(page, "Pasted image");
    expect(lines.map(fold)).toEqual(truthOf("upside-down").map(fold));
  });
});

describe("in chromium, in the dark and on a phone", () => {
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
      const rightEdges = () =>
        page.$$eval("main > *", (nodes) => nodes.map((node) => node.getBoundingClientRect().right));
      await page.waitForSelector(".loading.ready", { timeout: 120_000 });
      expect(await widest()).toBe(360);
      expect(Math.max(...(await rightEdges()))).toBeLessThanOrEqual(360 - 12); // the page's margin
      await shoot(page, `phone-${theme}-start`, { fullPage: true });
      await readSample(page, "mixed");
      for (const [tab, shown] of Object.entries(kShown)) {
        await page.click(`#tab-${tab}`);
        await page.waitForSelector(shown, { timeout: 60_000, visible: true });
        expect(await widest()).toBe(360);
        await shoot(page, `phone-${theme}-${tab}`, { fullPage: true });
      }
      await page.close();
    },
  );

  test("in the dark, every view is drawn on a dark page", async () => {
    const { page } = await openDemo(browser, server.url, { dark: true });
    await page.waitForSelector(".loading.ready", { timeout: 120_000 });
    await shoot(page, "dark-start");
    await readSample(page, "receipt");
    for (const [tab, shown] of Object.entries(kShown)) {
      await page.click(`#tab-${tab}`);
      await page.waitForSelector(shown, { timeout: 60_000, visible: true });
      await shoot(page, `dark-${tab}`);
    }
    const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(paper).toBe("rgb(21, 22, 23)");
    await page.close();
  });

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
