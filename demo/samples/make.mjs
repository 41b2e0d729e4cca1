// Makes the sample images: renders scenes/*.html in headless Chromium and writes, beside each
// picture, the text that stands in it (every element with data-line, in document order).
// Run by hand: node demo/samples/make.mjs [NAME ...]
// Fonts: Debian's fonts-inter, fonts-liberation, fonts-dejavu, fonts-noto-core, fonts-noto-cjk.
import { readdir, writeFile } from "node:fs/promises";
import puppeteer from "puppeteer-core";

const scenes = new URL("scenes/", import.meta.url);
const kMaxBytes = 250_000;

async function makeSample(browser, name) {
  const page = await browser.newPage();
  await page.goto(new URL(`${name}.html`, scenes).href);
  const { width, height, quality, title } = await page.evaluate(() => ({
    ...document.querySelector("main").dataset,
    title: document.title,
  }));
  await page.setViewport({ width: Number(width), height: Number(height) });
  await page.evaluate(() => document.fonts.ready);
  const lines = await page.$$eval("[data-line]", (nodes) =>
    nodes.map((node) => node.textContent.trim().replace(/\s+/g, " ")),
  );
  const bytes = await page.screenshot({ type: "jpeg", quality: Number(quality ?? 80) });
  if (bytes.length > kMaxBytes)
    throw new Error(`${name}: ${bytes.length} bytes, at most ${kMaxBytes}`);
  await writeFile(new URL(`${name}.jpg`, import.meta.url), bytes);
  const truth = { title, width: Number(width), height: Number(height), lines };
  await writeFile(new URL(`${name}.json`, import.meta.url), `${JSON.stringify(truth, null, 2)}\n`);
  await page.close();
  console.log(`${name}: ${lines.length} lines, ${(bytes.length / 1024).toFixed(0)} KB`);
}

const all = (await readdir(scenes))
  .filter((file) => file.endsWith(".html"))
  .map((file) => file.slice(0, -5));
const names = process.argv.length > 2 ? process.argv.slice(2) : all;
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
});
try {
  for (const name of names) await makeSample(browser, name);
} finally {
  await browser.close();
}
