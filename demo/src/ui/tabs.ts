import type { Cell } from "../app/cell";
import { h, setAria } from "./dom";

export interface Tab<T extends string> {
  id: T;
  title: string;
  panel: HTMLElement;
}

/** A row of tabs and their panels; arrow keys move between tabs, as the ARIA practices say. */
export function tabs<T extends string>(
  label: string,
  items: readonly Tab<T>[],
  cell: Cell<T>,
): HTMLElement {
  const buttons = items.map(({ id, title }) =>
    h(
      "button",
      { type: "button", id: `tab-${id}`, aria: { role: "tab", controls: `panel-${id}` } },
      title,
    ),
  );
  for (const [i, button] of buttons.entries()) {
    button.addEventListener("click", () => {
      cell.value = (items[i] as Tab<T>).id;
    });
    button.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1, Home: -i, End: items.length - 1 - i }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      const next = (i + step + items.length) % items.length;
      cell.value = (items[next] as Tab<T>).id;
      buttons[next]?.focus();
    });
  }
  for (const { id, panel } of items) {
    panel.id = `panel-${id}`;
    setAria(panel, { role: "tabpanel", labelledby: `tab-${id}` });
  }
  cell.watch((chosen) => {
    for (const [i, { id, panel }] of items.entries()) {
      const on = id === chosen;
      panel.hidden = !on;
      const button = buttons[i] as HTMLButtonElement;
      setAria(button, { selected: on });
      button.tabIndex = on ? 0 : -1;
    }
  });
  const list = h("div", { class: "tab-list", aria: { role: "tablist", label } }, ...buttons);
  return h("section", { class: "tabs" }, list, ...items.map(({ panel }) => panel));
}
