import { Cell, watchAll } from "../app/cell";
import type { Session } from "../app/session";
import { viridis } from "./colour-maps";
import { h } from "./dom";
import { segmented } from "./segmented";

export type HeatLayer = "none" | "probability" | "feature";

/** Which layers are drawn over the picture. */
export interface Layers {
  boxes: Cell<boolean>;
  text: Cell<boolean>;
  heat: Cell<HeatLayer>;
  opacity: Cell<number>;
}

export const makeLayers = (): Layers => ({
  boxes: new Cell(true),
  text: new Cell(false),
  heat: new Cell<HeatLayer>("none"),
  opacity: new Cell(0.8),
});

function toggle(label: string, cell: Cell<boolean>): HTMLElement {
  const input = h("input", { type: "checkbox", checked: cell.value });
  input.addEventListener("change", () => {
    cell.value = input.checked;
  });
  return h("label", { class: "toggle" }, input, label);
}

/** The colours of the heat map, from low to high. */
function legend(): HTMLElement {
  const bar = h("canvas", { class: "legend", width: 128, height: 1, aria: { hidden: true } });
  const context = bar.getContext("2d");
  for (let x = 0; x < 128 && context; x++) {
    context.fillStyle = `rgb(${viridis(x / 127).join(" ")})`;
    context.fillRect(x, 0, 1, 1);
  }
  return bar;
}

/** The controls below the picture: which layers, and how opaque the heat map is. */
export function layerBar(session: Session, layers: Layers): HTMLElement {
  const heat = segmented<HeatLayer>(
    "Heat map",
    [
      { value: "none", label: "Off" },
      { value: "probability", label: "Text probability" },
      { value: "feature", label: "Channel" },
    ],
    layers.heat,
  );
  const opacity = h("input", {
    type: "range",
    min: "0",
    max: "1",
    step: "0.01",
    value: String(layers.opacity.value),
    id: "opacity",
    aria: { label: "Heat map opacity" },
  });
  opacity.addEventListener("input", () => {
    layers.opacity.value = Number(opacity.value);
  });
  const scale = h("div", { class: "scale" }, h("span"), legend(), h("span"), opacity);
  const [low, , high] = [...scale.children] as [HTMLElement, HTMLElement, HTMLElement];
  const bar = h(
    "div",
    { class: "layer-bar", aria: { role: "group", label: "Layers over the picture" } },
    toggle("Boxes", layers.boxes),
    toggle("Text", layers.text),
    h(
      "span",
      { class: "with-label" },
      h("span", { aria: { hidden: true } }, "Heat map"),
      heat.element,
    ),
    scale,
  );
  watchAll([layers.heat, session.feature, session.picture], () => {
    bar.hidden = !session.picture.value;
    const feature = session.feature.value;
    heat.disable("feature", !feature);
    scale.hidden = layers.heat.value === "none";
    const isFeature = layers.heat.value === "feature" && feature;
    low.textContent = isFeature ? feature.low.toFixed(1) : "0";
    high.textContent = isFeature ? feature.high.toFixed(1) : "1";
  });
  return bar;
}
