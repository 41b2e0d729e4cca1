import { type Cell, watchAll } from "../app/cell";
import type { Overlay } from "../app/session";
import type { Pixels } from "../pipeline/pixels";
import { paintHeat, putPixels } from "../ui/colour-maps";
import { h } from "../ui/dom";

/** A small picture (a line's crop) with a heat map over it. */
export function heatFigure(
  pixels: Cell<Pixels | undefined>,
  overlay: Cell<Overlay | undefined>,
  opacity: Cell<number>,
): HTMLElement {
  const picture = h("canvas", { class: "picture", aria: { role: "img", label: "The line" } });
  const heat = h("canvas", { class: "heat", aria: { hidden: true } });
  const frame = h("div", { class: "frame" }, picture, heat);
  pixels.watch((shown) => {
    if (!shown) return;
    putPixels(picture, shown);
    frame.style.aspectRatio = `${shown.width} / ${shown.height}`;
  });
  watchAll([overlay], () => {
    const map = overlay.value;
    heat.hidden = !map;
    if (map) putPixels(heat, paintHeat(map.data, map.width, map.height, { ...map, fade: true }));
  });
  opacity.watch((value) => {
    heat.style.opacity = String(value);
  });
  return h("figure", { class: "heat-figure" }, frame);
}
