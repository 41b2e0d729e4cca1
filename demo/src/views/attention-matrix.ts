import { watchAll } from "../app/cell";
import { paintHeat, putPixels } from "../ui/colour-maps";
import { h } from "../ui/dom";
import type { Focus } from "./self-attention-view";

/** The whole matrix: one row a step that looks, one column a step that is looked at. */
export function attentionMatrix({ matrix, step }: Focus): HTMLElement {
  const canvas = h("canvas", { aria: { role: "img", label: "Self-attention matrix" } });
  const marker = h("span", { class: "row-marker", aria: { hidden: true } });
  const frame = h("div", { class: "matrix-frame" }, canvas, marker);
  const caption = h("figcaption", null, "Rows look, columns are looked at");
  const element = h("figure", { class: "matrix" }, frame, caption);

  matrix.watch((shown) => {
    element.hidden = !shown;
    if (!shown) return;
    const sorted = Float32Array.from(shown.data).sort();
    const high = sorted[Math.floor(0.995 * (sorted.length - 1))] ?? 1;
    putPixels(canvas, paintHeat(shown.data, shown.steps, shown.steps, { low: 0, high }));
  });
  watchAll([matrix, step], () => {
    const steps = matrix.value?.steps ?? 1;
    marker.style.top = `${(100 * step.value) / steps}%`;
    marker.style.height = `${100 / steps}%`;
  });
  frame.addEventListener("pointermove", (event) => {
    const { top, height } = frame.getBoundingClientRect();
    const steps = matrix.value?.steps ?? 1;
    step.value = Math.min(
      Math.max(Math.floor(((event.clientY - top) / height) * steps), 0),
      steps - 1,
    );
  });
  return element;
}
