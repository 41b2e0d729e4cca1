import puppeteer from "puppeteer-core";
import { browsers, kChromiumArguments } from "../../.dev/browsers.mjs";

/** Starts a browser, "chromium" or "firefox", headless and with a profile of its own; `more` is for Chromium. */
export async function openBrowser(name, more = []) {
  const executablePath = browsers()[name];
  if (executablePath === undefined) throw new Error(`${name} is not installed`);
  return puppeteer.launch({
    browser: name === "firefox" ? "firefox" : "chrome",
    executablePath,
    headless: true,
    args: name === "firefox" ? [] : [...kChromiumArguments, ...more],
    protocolTimeout: 180_000,
  });
}
