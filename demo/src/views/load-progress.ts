import workerUrl from "heed/worker.js?url";
import { messageOf, type Session } from "../app/session";
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

interface Row {
  element: HTMLElement;
  update: (loaded: number, total: number) => void;
  bytes: () => number;
}

/** How far one network's file is. */
function row(name: NetworkName): Row {
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
  `${build === "relaxed" ? "relaxed SIMD" : build}, ${threads} ${threads === 1 ? "thread" : "threads"}`;

/** Loads everything that reading takes into the session; gives a sentence about it. */
async function load(session: Session, rows: Record<NetworkName, Row>): Promise<string> {
  const began = performance.now();
  const [networks, dictionary] = await Promise.all([
    loadNetworks(locate, {
      worker: true,
      workerUrl,
      onProgress: (name, loaded, total) => rows[name].update(loaded, total),
    }),
    loadDictionary(),
  ]);
  session.dictionary = dictionary;
  session.networks.value = networks;
  const bytes = kNetworkNames.reduce((sum, name) => sum + rows[name].bytes(), 0);
  const time = formatTime(performance.now() - began);
  return `Three networks in this page: ${formatBytes(bytes)}, ready in ${time}, ${describeInfo(networks.detect.info)}`;
}

/** Loads the networks and shows how far each one is; a failed load can be tried again. */
export function loadProgress(session: Session): HTMLElement {
  const bars = h("div", { class: "load-rows" });
  const status = h("p", { aria: { live: "polite" } });
  const again = h("button", { type: "button" }, "Try again");
  const element = h(
    "section",
    { class: "loading", aria: { label: "Networks" } },
    bars,
    status,
    again,
  );
  const show = (state: "busy" | "ready" | "failed", text: string): void => {
    element.className = `loading ${state}`;
    status.textContent = text;
    bars.hidden = state !== "busy";
    again.hidden = state !== "failed";
  };
  const start = async (): Promise<void> => {
    for (const model of Object.values(session.networks.value ?? {})) model.dispose();
    session.networks.value = undefined;
    const rows = {
      detect: row("detect"),
      direction: row("direction"),
      recognise: row("recognise"),
    };
    bars.replaceChildren(...kNetworkNames.map((name) => rows[name].element));
    show("busy", "");
    try {
      show("ready", await load(session, rows));
      session.broken.value = false;
      if (session.status.value === "waiting") void session.read();
    } catch (error) {
      show("failed", `The networks could not be loaded. ${messageOf(error)}`);
    }
  };
  again.addEventListener("click", () => void start());
  session.broken.watch((broken) => {
    if (broken) void start();
  });
  void start();
  return element;
}
