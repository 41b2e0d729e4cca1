import { watchAll } from "../app/cell";
import { paintHeat, putPixels } from "../ui/colour-maps";
import { formatPercent, h } from "../ui/dom";
import type { Focus } from "./self-attention-view";

/** A line's crop, where the chosen step looks (heat over it, bars above it), its characters below. */
export function attentionStrip({ line, matrix, step }: Focus): HTMLElement {
  const profile = h("canvas", { class: "profile", aria: { hidden: true } });
  const picture = h("canvas", { class: "picture", aria: { role: "img", label: "The line" } });
  const heat = h("canvas", { class: "heat", aria: { hidden: true } });
  const cursor = h("span", { class: "cursor", aria: { hidden: true } });
  const frame = h("div", { class: "frame" }, picture, heat, cursor);
  const characters = h("div", {
    class: "characters",
    aria: { role: "toolbar", label: "Characters" },
  });
  const readout = h("p", { class: "readout number", aria: { live: "polite" } });
  const wide = h("div", { class: "strip-inner" }, profile, frame, characters);
  const element = h("div", { class: "strip" }, h("div", { class: "strip-scroll" }, wide), readout);

  line.watch((chosen) => {
    element.hidden = !chosen;
    if (!chosen) return;
    putPixels(picture, chosen.crop);
    frame.style.aspectRatio = `${chosen.crop.width} / ${chosen.crop.height}`;
    wide.style.minWidth = `${Math.max(chosen.characters.length * 15, 120)}px`;
    wide.style.maxWidth = `${Math.round((96 * chosen.crop.width) / chosen.crop.height)}px`;
    const buttons = chosen.characters.map((character, i) => {
      const text = character.text === " " ? "␣" : character.text;
      const button = h("button", { type: "button", class: "character" }, text);
      button.style.left = `${(100 * (character.step + 0.5)) / chosen.steps}%`;
      button.setAttribute("aria-label", character.text === " " ? "space" : character.text);
      const choose = (): void => {
        step.value = character.step;
      };
      button.addEventListener("pointerenter", choose);
      button.addEventListener("focus", choose);
      button.addEventListener("click", choose);
      button.addEventListener("keydown", (event) => {
        const last = chosen.characters.length - 1;
        const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: last }[event.key];
        if (to === undefined) return;
        event.preventDefault();
        (characters.children[Math.min(Math.max(to, 0), last)] as HTMLElement).focus();
      });
      return button;
    });
    characters.replaceChildren(...buttons);
  });
  frame.addEventListener("pointermove", (event) => {
    const { left, width } = frame.getBoundingClientRect();
    const steps = line.value?.steps ?? 1;
    step.value = Math.min(
      Math.max(Math.floor(((event.clientX - left) / width) * steps), 0),
      steps - 1,
    );
  });

  watchAll([matrix, step, line], () => {
    const shown = matrix.value;
    if (!shown || !line.value || step.value >= shown.steps) return;
    const row = shown.data.subarray(step.value * shown.steps, (step.value + 1) * shown.steps);
    const high = Math.max(...row);
    putPixels(heat, paintHeat(row, shown.steps, 1, { low: 0, high, fade: true }));
    drawProfile(profile, row, high);
    cursor.style.left = `${(100 * (step.value + 0.5)) / shown.steps}%`;
    for (const [i, { step: at }] of line.value.characters.entries()) {
      const button = characters.children[i] as HTMLElement;
      button.setAttribute("aria-pressed", String(at === step.value));
      button.tabIndex = at === step.value ? 0 : -1;
    }
    if (!characters.querySelector("[tabindex='0']")) {
      (characters.firstElementChild as HTMLElement | null)?.setAttribute("tabindex", "0");
    }
    readout.textContent = describe(line.value, step.value, row);
  });
  return element;
}

function drawProfile(canvas: HTMLCanvasElement, row: Float32Array, high: number): void {
  const [width, height] = [row.length * 8, 64];
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  if (!context) return;
  context.fillStyle = getComputedStyle(canvas).getPropertyValue("--accent");
  for (const [i, value] of row.entries()) {
    const tall = (value / (high || 1)) * height;
    context.fillRect(i * 8 + 1, height - tall, 6, tall);
  }
}

/** Which characters a step looks at most, in words. */
function describe(
  line: NonNullable<Focus["line"]["value"]>,
  step: number,
  row: Float32Array,
): string {
  const nearest = (at: number) =>
    [...line.characters].sort((a, b) => Math.abs(a.step - at) - Math.abs(b.step - at))[0];
  const from = nearest(step);
  const share = new Map<string, number>();
  for (const [i, value] of row.entries()) {
    const text = nearest(i)?.text ?? "";
    const key = `${text === " " ? "space" : text}\0${nearest(i)?.step}`;
    share.set(key, (share.get(key) ?? 0) + value);
  }
  const top = [...share].sort((a, b) => b[1] - a[1]).slice(0, 3);
  const list = top
    .map(([key, value]) => `${key.split("\0")[0]} ${formatPercent(value)}`)
    .join(", ");
  return `${from?.text === " " ? "space" : (from?.text ?? "")} looks at: ${list}`;
}
