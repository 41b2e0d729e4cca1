// What the tests of the page do with it: the demo as a visitor sees and uses it.
import { mkdirSync } from "node:fs";
import { inRepository } from "../../demo/heed-package.mjs";

const kTimeout = 120_000;
const shots = inRepository("build/screenshots");

/** Opens the page; `problems` collects what it writes to the console as an error. */
export async function openDemo(browser, url, { width = 1280, height = 900, dark = false } = {}) {
  const page = await browser.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  await page.setViewport({ width, height });
  if (dark) await page.evaluateOnNewDocument(() => localStorage.setItem("heed-theme", "dark"));
  await page.goto(url);
  return { page, problems };
}

/** Takes a sample other than the one that is shown, waits until it is read, and gives its lines. */
export async function readSample(page, id) {
  await page.waitForSelector(".loading.ready", { timeout: kTimeout });
  await page.click(`[data-sample="${id}"]`);
  await page.waitForSelector(`[data-sample="${id}"][aria-pressed="true"]`, { timeout: kTimeout });
  await page.waitForSelector('.lines[aria-busy="false"]', { timeout: kTimeout });
  return page.$$eval(".lines .words", (nodes) => nodes.map((node) => node.textContent));
}

/** Waits until a picture of this name is read, and gives its lines. */
export async function linesOf(page, name) {
  await page.waitForFunction(
    (wanted) => document.querySelector(".picture").ariaLabel?.startsWith(wanted),
    { timeout: kTimeout },
    `${name}, `,
  );
  await page.waitForSelector('.lines[aria-busy="false"]', { timeout: kTimeout });
  return page.$$eval(".lines .words", (nodes) => nodes.map((node) => node.textContent));
}

/** Waits for what the page says of an image that it could not open. */
export async function refusal(page) {
  await page.waitForSelector(".refusal:not(:empty)", { timeout: kTimeout, visible: true });
  return page.$eval(".refusal", (node) => node.textContent);
}

/** How many different colours a canvas shows (at most 64 are counted); 0 or 1 is a blank one. */
export const coloursOf = (page, selector) =>
  page.$eval(selector, (canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const colours = new Set();
    for (let i = 0; i < data.length && colours.size < 64; i += 4) {
      colours.add(`${data[i]},${data[i + 1]},${data[i + 2]},${data[i + 3]}`);
    }
    return colours.size;
  });

/** Keeps a picture of the page in build/screenshots; `fullPage` takes what has to be scrolled to, too. */
export async function shoot(page, name, { fullPage = false } = {}) {
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: `${shots}/${name}.png`, fullPage });
}
