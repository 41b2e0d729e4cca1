import { type Cell, watchAll } from "../app/cell";
import { type Block, channelMap, favouredMap, type Gate, rank } from "../attention/gates";
import { paintHeat, putPixels, robustRange } from "../ui/colour-maps";
import { h } from "../ui/dom";

const kShown = 8;

/** Small pictures of the most favoured channels; choosing one shows it large. */
export function featureGallery(
  gates: Cell<ReadonlyMap<string, Gate>>,
  block: Cell<Block | undefined>,
  choice: Cell<number | "favoured">,
): HTMLElement {
  const element = h("div", {
    class: "gallery",
    aria: { role: "group", label: "Favoured channels" },
  });
  let tiles: { value: number | "favoured"; button: HTMLButtonElement }[] = [];

  gates.watch((found) => {
    const gate = block.value && found.get(block.value.id);
    if (!gate?.features) {
      element.replaceChildren();
      return;
    }
    const full = gate as Required<Gate>;
    const top = rank(gate.values).slice(0, kShown);
    tiles = [tile("favoured", favouredMap(full), "All favoured", full, choice)];
    for (const channel of top) {
      const label = `${channel}  ${(gate.values[channel] ?? 0).toFixed(2)}`;
      tiles.push(tile(channel, channelMap(full, channel), label, full, choice));
    }
    element.replaceChildren(...tiles.map(({ button }) => button));
  });
  watchAll([gates, choice], () => {
    for (const { value, button } of tiles) {
      button.setAttribute("aria-pressed", String(value === choice.value));
    }
  });
  return element;
}

function tile(
  value: number | "favoured",
  data: Float32Array,
  label: string,
  { features: { width, height } }: Required<Gate>,
  choice: Cell<number | "favoured">,
) {
  const canvas = h("canvas", { aria: { hidden: true } });
  putPixels(canvas, paintHeat(data, width, height, robustRange(data)));
  const name = value === "favoured" ? label : `Channel ${label.replace("  ", ", gate ")}`;
  const act = (): void => {
    choice.value = value;
  };
  const button = h(
    "button",
    { type: "button", class: "tile", aria: { label: name }, on: { click: act } },
    canvas,
    h("span", { class: "number" }, label),
  );
  return { value, button };
}
