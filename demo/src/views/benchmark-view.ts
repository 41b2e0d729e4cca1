import { Tensor } from "heed";
import type { Session } from "../app/session";
import { type NetworkName, runSingle } from "../pipeline/networks";
import { formatTime, h } from "../ui/dom";
import { describeInfo } from "./load-progress";

interface Case {
  network: NetworkName;
  title: string;
  height: number;
  width: number;
  /** Multiply-accumulate operations, in millions. */
  megaMacs: number;
  runs: number;
}

/** The sizes that the project's own benchmark reports. */
const kCases: readonly Case[] = [
  { network: "detect", title: "Detection", height: 640, width: 640, megaMacs: 2300, runs: 6 },
  { network: "recognise", title: "Recognition", height: 48, width: 320, megaMacs: 700, runs: 12 },
  { network: "direction", title: "Direction", height: 48, width: 192, megaMacs: 16, runs: 40 },
];
const kWarmUps = 2;

/** Repeatable values that look a little like a picture: a smooth wave for each channel. */
function testInput({ height, width }: Case): Tensor {
  const size = height * width;
  const data = Float32Array.from({ length: 3 * size }, (_, i) => {
    const [channel, y, x] = [Math.floor(i / size), Math.floor((i % size) / width), i % width];
    return Math.sin(x / 7 + channel) * Math.cos(y / 11);
  });
  return new Tensor("float32", data, [1, 3, height, width]);
}

async function measure(
  session: Session,
  item: Case,
  progress: (done: number) => void,
): Promise<number[]> {
  const model = session.networks.value?.[item.network];
  if (!model) throw new Error("the networks are not loaded yet");
  const times: number[] = [];
  for (let i = 0; i < kWarmUps + item.runs; i++) {
    const x = testInput(item);
    const start = performance.now();
    await runSingle(model, x);
    if (i >= kWarmUps) times.push(performance.now() - start);
    progress((i + 1) / (kWarmUps + item.runs));
  }
  return times.sort((a, b) => a - b);
}

function caseRow(item: Case) {
  const median = h("td", { class: "number" }, "–");
  const best = h("td", { class: "number" }, "–");
  const rate = h("td", { class: "number" }, "–");
  const size = `${item.height} × ${item.width}`;
  const element = h(
    "tr",
    null,
    h("th", { scope: "row" }, item.title, h("small", { class: "number" }, size)),
    median,
    best,
    rate,
  );
  const show = (times: readonly number[]): void => {
    const middle = times[Math.floor(times.length / 2)] as number;
    median.textContent = formatTime(middle);
    best.textContent = formatTime(times[0] as number);
    rate.textContent = ((2 * item.megaMacs) / middle).toFixed(1);
  };
  return {
    element,
    show,
    progress: (done: number) => (median.textContent = `${Math.round(done * 100)}%`),
  };
}

/** Times the three networks on this machine, in this page. */
export function benchmarkView(session: Session): HTMLElement {
  const rows = kCases.map(caseRow);
  const note = h("p", { class: "note", aria: { live: "polite" } });
  const start = h("button", { type: "button", class: "primary", disabled: true }, "Run benchmark");
  session.networks.watch((networks) => {
    start.disabled = !networks;
    if (networks) note.textContent = `The engine in use: ${describeInfo(networks.detect.info)}.`;
  });
  start.addEventListener("click", async () => {
    start.disabled = true;
    try {
      for (const [i, item] of kCases.entries()) {
        const row = rows[i] as (typeof rows)[0];
        row.show(await measure(session, item, row.progress));
      }
      note.textContent = "Done. Times include the copy to the worker and back.";
    } catch (error) {
      note.textContent = session.explain(error);
    }
    start.disabled = false;
  });
  const heads = ["Network", "Median", "Best", "GFLOP/s"].map((text) =>
    h("th", { scope: "col" }, text),
  );
  return h(
    "div",
    { class: "panel benchmark" },
    h(
      "p",
      { class: "lead" },
      "One run at a time, after two that are not counted, on made-up input of fixed size. The comparison with other engines is in the project: npm run bench.",
    ),
    h(
      "table",
      null,
      h("thead", null, h("tr", null, ...heads)),
      h("tbody", null, ...rows.map((r) => r.element)),
    ),
    h("div", { class: "buttons" }, start),
    note,
  );
}
