import { h, setAria } from "./dom";

export interface ChannelBars {
  element: HTMLElement;
  /** Draws `values` (one a channel) in the order given, with one channel marked. */
  show: (values: Float32Array, order: readonly number[], chosen: number | undefined) => void;
}

interface State {
  values: Float32Array;
  order: readonly number[];
  chosen: number;
}

/**
 * A bar for each channel of a gate. The pointer or the arrow keys choose a channel; for
 * assistive technology it is a slider over the channels in the order shown.
 */
export function channelBars(choose: (channel: number) => void): ChannelBars {
  const canvas = h("canvas", { aria: { hidden: true } });
  const axis = ["1", "0.5", "0"].map((text) => h("span", null, text));
  const element = h(
    "div",
    { class: "bars", tabIndex: 0, aria: { role: "slider", label: "Channel", valuemin: 1 } },
    canvas,
    h("div", { class: "axis number", aria: { hidden: true } }, ...axis),
  );
  let state: State = { values: new Float32Array(), order: [], chosen: -1 };

  const draw = (): void => {
    const { width, height } = canvas.getBoundingClientRect();
    const context = canvas.getContext("2d");
    if (!context || width === 0 || state.values.length === 0) return;
    const scale = window.devicePixelRatio;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const style = getComputedStyle(element);
    const [ink, accent] = ["--bar", "--accent"].map((name) => style.getPropertyValue(name));
    const step = canvas.width / state.order.length;
    const gap = step > 4 * scale ? scale : step > 2 ? 0.5 : 0;
    const top = Math.max(1, ...state.values);
    for (const [i, channel] of state.order.entries()) {
      const value = (state.values[channel] as number) / top;
      const isChosen = channel === state.chosen;
      context.fillStyle = (isChosen ? accent : ink) ?? "";
      const thick = Math.max(step - gap, isChosen ? 3 * scale : 0.5);
      const tall = Math.max(value * canvas.height, scale);
      context.fillRect(i * step + (step - gap - thick) / 2, canvas.height - tall, thick, tall);
    }
    (axis[0] as HTMLElement).textContent = top.toPrecision(2).replace(/\.0$/, "");
    (axis[1] as HTMLElement).textContent = (top / 2).toPrecision(2);
  };
  const pick = (event: PointerEvent): void => {
    const { left, width } = canvas.getBoundingClientRect();
    const at = Math.floor(((event.clientX - left) / width) * state.order.length);
    const channel = state.order[Math.min(Math.max(at, 0), state.order.length - 1)];
    if (channel !== undefined && channel !== state.chosen) choose(channel);
  };
  canvas.addEventListener("pointermove", pick);
  canvas.addEventListener("pointerdown", pick);
  element.addEventListener("keydown", (event) => {
    const last = state.order.length - 1;
    const at = state.order.indexOf(state.chosen);
    const page = Math.ceil(state.order.length / 10);
    const to: Record<string, number> = {
      ArrowRight: at + 1,
      ArrowUp: at + 1,
      ArrowLeft: at - 1,
      ArrowDown: at - 1,
      PageUp: at + page,
      PageDown: at - page,
      Home: 0,
      End: last,
    };
    const next = to[event.key];
    if (next === undefined) return;
    event.preventDefault();
    choose(state.order[Math.min(Math.max(next, 0), last)] as number);
  });
  new ResizeObserver(draw).observe(canvas);
  new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-theme"] });

  const show: ChannelBars["show"] = (values, order, chosen) => {
    state = { values, order, chosen: chosen ?? -1 };
    const gate = chosen === undefined ? "" : `, gate ${(values[chosen] ?? 0).toFixed(2)}`;
    setAria(element, {
      valuemax: order.length,
      valuenow: order.indexOf(chosen ?? -1) + 1,
      valuetext: chosen === undefined ? "none chosen" : `channel ${chosen}${gate}`,
    });
    draw();
  };
  return { element, show };
}
