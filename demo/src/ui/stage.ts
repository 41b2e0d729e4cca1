import { watchAll } from "../app/cell";
import type { Overlay, Session, Slot } from "../app/session";
import { quadSize } from "../pipeline/geometry";
import type { Line } from "../pipeline/reader";
import { paintHeat, putPixels } from "./colour-maps";
import { h, svg } from "./dom";
import type { Layers } from "./layers";

/** The picture with what was found drawn over it: boxes, text, heat map. */
export function stage(session: Session, layers: Layers): HTMLElement {
  const picture = h("canvas", { class: "picture", aria: { role: "img" } });
  const heat = h("canvas", { class: "heat", aria: { hidden: true } });
  const boxes = svg("svg", { class: "boxes", "aria-hidden": "true", preserveAspectRatio: "none" });
  const frame = h("div", { class: "frame" }, picture, heat);
  frame.append(boxes);

  session.picture.watch((chosen) => {
    frame.hidden = !chosen;
    if (!chosen) return;
    const { width, height } = chosen.pixels;
    putPixels(picture, chosen.pixels);
    picture.setAttribute("aria-label", `${chosen.name}, ${width} by ${height} pixels`);
    boxes.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const ratio = width / height;
    frame.style.aspectRatio = `${width} / ${height}`;
    frame.style.width = `max(min(100%, 70vh * ${ratio}), 32px * ${ratio})`;
  });

  session.slots.watch((slots) => boxes.replaceChildren(...slots.map(drawSlot)));
  watchAll([session.slots, session.pointed, session.selected], () => {
    const { pointed, selected } = session;
    for (const [i, group] of [...boxes.children].entries()) {
      group.classList.toggle("pointed", i === pointed.value);
      group.classList.toggle("selected", i === selected.value);
    }
  });
  const slotAt = (event: Event): number | undefined => {
    const group = (event.target as Element).closest("g[data-slot]");
    return group ? Number(group.getAttribute("data-slot")) : undefined;
  };
  boxes.addEventListener("pointerover", (event) => {
    session.pointed.value = slotAt(event);
  });
  boxes.addEventListener("pointerleave", () => {
    session.pointed.value = undefined;
  });
  boxes.addEventListener("click", (event) => {
    session.selected.value = slotAt(event) ?? session.selected.value;
  });

  layers.boxes.watch((on) => boxes.classList.toggle("no-boxes", !on));
  layers.text.watch((on) => boxes.classList.toggle("no-text", !on));
  layers.opacity.watch((opacity) => {
    heat.style.opacity = String(opacity);
  });
  watchAll([layers.heat, session.map, session.feature], () => {
    const overlay = chooseOverlay(session, layers);
    heat.hidden = !overlay;
    if (overlay)
      putPixels(
        heat,
        paintHeat(overlay.data, overlay.width, overlay.height, { ...overlay, fade: true }),
      );
  });
  return h("div", { class: "stage" }, frame);
}

/** What the heat map layer shows now. */
export function chooseOverlay(session: Session, layers: Layers): Overlay | undefined {
  if (layers.heat.value === "feature") return session.feature.value;
  const map = session.map.value;
  if (layers.heat.value !== "probability" || !map) return undefined;
  return { ...map, low: 0, high: 1, label: "Probability of text" };
}

function drawSlot({ box, line }: Slot, index: number): SVGElement {
  const state = line === undefined ? "pending" : line === null ? "illegible" : "read";
  const points = box.quad.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
  const group = svg("g", { "data-slot": index, class: state }, svg("polygon", { points }));
  if (line) group.append(drawText(line));
  return group;
}

/** The line's text, laid along the upper and left sides of its quad. */
function drawText(line: Line): SVGElement {
  const [a, b, c, d] = line.quad;
  const size = quadSize(line.quad);
  const tall = line.crop.width > line.crop.height && size.height > size.width;
  const corners = tall ? ([b, c, d, a] as const) : ([a, b, c, d] as const);
  const [origin, right, , below] = line.upsideDown
    ? ([corners[2], corners[3], corners[0], corners[1]] as const)
    : corners;
  const width = tall ? size.height : size.width;
  const height = tall ? size.width : size.height;
  const axis = (to: readonly number[], length: number) =>
    [0, 1].map((i) => ((to[i] as number) - (origin[i as 0 | 1] as number)) / length);
  const matrix = [...axis(right, width), ...axis(below, height), ...origin].map((v) =>
    v.toFixed(4),
  );
  const text = svg("text", {
    transform: `matrix(${matrix.join(" ")})`,
    x: height * 0.12,
    y: height * 0.76,
    "font-size": height * 0.72,
    textLength: Math.max(width - height * 0.24, 1),
    lengthAdjust: "spacingAndGlyphs",
  });
  text.textContent = line.text;
  return text;
}
