// The browsers of the tests: Debian's Chromium, Firefox ESR and the shell of WebKit's JavaScriptCore.

import { run, SetupError, say, which } from "./run.mjs";

const kPackages = {
  chromium: ["chromium"],
  firefox: ["firefox-esr"],
  jsc: ["libjavascriptcoregtk-4.0-bin", "libjavascriptcoregtk-bin"],
};

/** What Chromium is started with: as root in a container, offline, asking nothing. */
export const kChromiumArguments = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** What gives Chromium a camera that shows a film, without asking; a single JPEG is a film of one picture. */
export const fakeCameraArguments = (film) => [
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
  `--use-file-for-fake-video-capture=${film}`,
];

/** The programs, or undefined where one is not installed: { chromium, firefox, jsc }. */
export function browsers() {
  return {
    chromium: which("chromium") ?? which("chromium-browser") ?? which("google-chrome"),
    firefox: which("firefox-esr") ?? which("firefox"),
    jsc: which("jsc"),
  };
}

/** Installs what is missing, which takes root and apt; returns what browsers() does. */
export async function ensureBrowsers() {
  const missing = Object.entries(browsers())
    .filter(([, path]) => path === undefined)
    .map(([name]) => name);
  if (missing.length === 0) return browsers();
  const wanted = missing.map((name) => kPackages[name][0]).join(" ");
  if (process.getuid?.() !== 0 || which("apt-get") === undefined) {
    throw new SetupError(`the browser tests need these packages: apt-get install ${wanted}`);
  }
  say(`installing ${wanted}`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const install = (name) =>
    run("apt-get", ["install", "--yes", "--no-install-recommends", name], { env, check: false });
  await run("apt-get", ["update", "-qq"], { env, quiet: true, check: false });
  for (const name of missing) {
    let installed = false;
    for (const candidate of kPackages[name]) installed ||= (await install(candidate)).status === 0;
    if (!installed)
      throw new SetupError(
        `apt-get install ${kPackages[name].join(" or ")} failed, and the browser tests need it`,
      );
  }
  return browsers();
}
