import { type Cell, watchAll } from "../app/cell";
import { type Block, channelBlocks, type Gate } from "../attention/gates";
import type { NetworkName, Networks } from "../pipeline/networks";
import { paintHeat, putPixels } from "../ui/colour-maps";
import { h } from "../ui/dom";

/** One button a block, from the network's input to its output, each with its gates as a strip. */
export function blockPicker(
  networks: Cell<Networks | undefined>,
  network: Cell<NetworkName>,
  gates: Cell<ReadonlyMap<string, Gate>>,
  chosen: Cell<Block | undefined>,
): HTMLElement {
  const element = h("div", { class: "blocks", aria: { role: "radiogroup", label: "Block" } });
  let entries: { block: Block; button: HTMLButtonElement; strip: HTMLCanvasElement }[] = [];

  const move = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const at = entries.findIndex(({ block }) => block === chosen.value);
    const next =
      step === undefined ? undefined : entries[(at + step + entries.length) % entries.length];
    if (!next) return;
    event.preventDefault();
    chosen.value = next.block;
    next.button.focus();
  };
  element.addEventListener("keydown", move);

  watchAll([networks, network], () => {
    const model = networks.value?.[network.value];
    entries = (model ? channelBlocks(model) : []).map((block, i) => {
      const strip = h("canvas", { width: 1, height: 1, aria: { hidden: true } });
      const label = h("span", null, String(i + 1));
      const act = (): void => {
        chosen.value = block;
      };
      const aria = { role: "radio", label: `Block ${i + 1}` };
      const button = h(
        "button",
        { type: "button", class: "block", aria, on: { click: act } },
        label,
        strip,
      );
      button.title = `${block.id}, ${block.mechanism}, node ${block.node}`;
      return { block, button, strip };
    });
    element.replaceChildren(...entries.map(({ button }) => button));
  });
  watchAll([networks, network, chosen], () => {
    for (const { block, button } of entries) {
      const on = block === chosen.value;
      button.setAttribute("aria-checked", String(on));
      button.tabIndex = on ? 0 : -1;
    }
  });
  gates.watch((found) => {
    for (const { block, button, strip } of entries) {
      const values = found.get(block.id)?.values;
      if (!values) continue;
      putPixels(strip, paintHeat(values, values.length, 1, { low: 0, high: 1 }));
      button.setAttribute("aria-label", `Block with ${values.length} channels`);
    }
  });
  return element;
}
