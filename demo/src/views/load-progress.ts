import workerUrl from "heed/worker.js?url";
import type { Session } from "../app/session";
import { parseDictionary } from "../pipeline/ctc";
import { kDictionaryFile } from "../pipeline/network-files";
import { kNetworkNames, loadNetworks, type NetworkName, type Networks } from "../pipeline/networks";
import { formatBytes, formatTime, h } from "../ui/dom";

const kTitles: Record<NetworkName, string> = {
  detect: "Detection",
  direction: "Direction",
  recognise: "Recognition",
};

const locate = (file: string): string => new URL(`models/${file}`, document.baseURI).href;

async function loadDictionary(): Promise<string[]> {
  const response = await fetch(locate(kDictionaryFile));
  if (!response.ok) throw new Error(`${kDictionaryFile}: HTTP status ${response.status}`);
  return parseDictionary(await response.text());
}

function row(name: NetworkName) {
  const bar = h("progress", { max: 1, value: 0, aria: { label: `${kTitles[name]} network` } });
  const size = h("span", { class: "number" }, "waiting");
  const element = h("div", { class: "load-row" }, h("span", null, kTitles[name]), bar, size);
  let bytes = 0;
  const update = (loaded: number, total: number): void => {
    bytes = loaded;
    if (total > 0) bar.value = loaded / total;
    size.textContent =
      total > 0 ? `${formatBytes(loaded)} of ${formatBytes(total)}` : formatBytes(loaded);
  };
  return { element, update, bytes: () => bytes };
}

/** The build of the engine in use and its threads, in words. */
export const describeInfo = ({ build, threads }: Networks["detect"]["info"]): string =>
  `${build}, ${threads} ${threads === 1 ? "thread" : "threads"}`;

/** Loads the networks and shows how far each one is; a failed load can be tried again. */
export function loadProgress(session: Session): HTMLElement {
  const element = h("section", { class: "loading", aria: { label: "Networks", live: "polite" } });
  const start = async (): Promise<void> => {
    const rows = {
      detect: row("detect"),
      direction: row("direction"),
      recognise: row("recognise"),
    };
    element.replaceChildren(...kNetworkNames.map((name) => rows[name].element));
    element.classList.remove("ready");
    const began = performance.now();
    try {
      const onProgress = (name: NetworkName, loaded: number, total: number): void =>
        rows[name].update(loaded, total);
      const [networks, dictionary] = await Promise.all([
        loadNetworks(locate, { worker: true, workerUrl, onProgress }),
        loadDictionary(),
      ]);
      const bytes = kNetworkNames.reduce((sum, name) => sum + rows[name].bytes(), 0);
      const facts = [
        formatBytes(bytes),
        `ready in ${formatTime(performance.now() - began)}`,
        describeInfo(networks.detect.info),
      ];
      element.classList.add("ready");
      element.replaceChildren(
        h("span", { class: "dot", aria: { hidden: true } }),
        `Three networks in this page: ${facts.join(", ")}`,
      );
      session.dictionary = dictionary;
      session.networks.value = networks;
      if (session.status.value === "waiting") void session.read();
    } catch (error) {
      const again = h("button", { type: "button", on: { click: () => void start() } }, "Try again");
      const text = error instanceof Error ? error.message : String(error);
      element.replaceChildren(
        h("p", { class: "error" }, `The networks could not be loaded. ${text}`),
        again,
      );
    }
  };
  void start();
  return element;
}
