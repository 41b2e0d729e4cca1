import "./styles/tokens.css";
import "./styles/layout.css";
import "./styles/controls.css";
import "./styles/stage.css";
import "./styles/text.css";
import "./styles/attention.css";
import { Cell, watchAll } from "./app/cell";
import { kSamples } from "./app/samples";
import { Session } from "./app/session";
import { h, icon } from "./ui/dom";
import { facts, header } from "./ui/header";
import { layerBar, makeLayers } from "./ui/layers";
import { openSample, sourceBar } from "./ui/source-bar";
import { stage } from "./ui/stage";
import { tabs } from "./ui/tabs";
import { benchmarkView } from "./views/benchmark-view";
import { gatesView } from "./views/gates-view";
import { lineList } from "./views/line-list";
import { loadProgress } from "./views/load-progress";
import { selfAttentionView } from "./views/self-attention-view";
import { timings } from "./views/timings";

type View = "text" | "gates" | "self" | "benchmark";

/** How finely the picture is searched; more pixels find smaller text and take longer. */
function detailChoice(session: Session): HTMLElement {
  const sizes = [
    [640, "Fast"],
    [960, "Normal"],
    [1440, "Fine"],
  ] as const;
  const options = sizes.map(([value, text]) =>
    h("option", { value: String(value), selected: value === session.limit.value }, text),
  );
  const select = h("select", { id: "detail" }, ...options);
  select.addEventListener("change", () => {
    session.limit.value = Number(select.value);
    void session.read();
  });
  return h("label", { class: "detail" }, "Search", select);
}

function start(): void {
  const session = new Session();
  const layers = makeLayers();
  const view = new Cell<View>("text");
  const gatesActive = new Cell(false);
  const selfActive = new Cell(false);
  view.watch((name) => {
    gatesActive.value = name === "gates";
    selfActive.value = name === "self";
  });
  const text = h("div", null, timings(session), lineList(session));
  const panels = tabs<View>(
    "Views",
    [
      { id: "text", title: "Text", panel: text },
      { id: "gates", title: "Gates", panel: gatesView(session, layers, gatesActive) },
      { id: "self", title: "Self-attention", panel: selfAttentionView(session, selfActive) },
      { id: "benchmark", title: "Benchmark", panel: benchmarkView(session) },
    ],
    view,
  );
  const picture = h(
    "section",
    { class: "picture-side", aria: { label: "Picture" } },
    stage(session, layers),
    h("div", { class: "under" }, layerBar(session, layers), detailChoice(session)),
  );
  const main = h(
    "main",
    { id: "main" },
    sourceBar(session),
    facts(),
    h("div", { class: "columns" }, picture, panels),
  );
  watchAll([session.picture], () => {
    main.className = session.picture.value ? "has-picture" : "no-picture";
  });
  const drop = h(
    "div",
    { class: "drop-veil", aria: { hidden: true } },
    icon("M8 2v8M5 7l3 3 3-3M3 13h10"),
    "Drop to read",
  );
  const privacy = h(
    "p",
    null,
    "Images stay on this machine: networks and engine run in this page, also without a connection once loaded.",
  );
  const credit = h(
    "p",
    null,
    "Networks: PP-OCRv4 by the PaddleOCR authors (Apache-2.0). ",
    h("a", { href: "licences.txt" }, "Licences"),
  );
  const root = document.getElementById("app") as HTMLElement;
  root.replaceChildren(
    header(),
    loadProgress(session),
    main,
    h("footer", null, privacy, credit),
    drop,
  );

  const wanted = kSamples.find(({ id }) => location.hash === `#${id}`);
  if (wanted) void openSample(session, wanted);
  if ("serviceWorker" in navigator && import.meta.env.PROD) {
    // after the networks, so as not to compete with them
    session.networks.watch((networks) => {
      if (networks) void navigator.serviceWorker.register("./service-worker.js");
    });
  }
}

start();
