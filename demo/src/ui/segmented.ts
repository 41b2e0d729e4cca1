import type { Cell } from "../app/cell";
import { h } from "./dom";

let groups = 0;

export interface Segmented<T extends string> {
  element: HTMLElement;
  disable: (value: T, disabled: boolean) => void;
}

/** A row of choices of which one is taken: radio buttons, so that arrow keys move between them. */
export function segmented<T extends string>(
  label: string,
  choices: readonly { value: T; label: string }[],
  cell: Cell<T>,
): Segmented<T> {
  const name = `choice-${groups++}`;
  const inputs = choices.map(({ value }) => {
    const input = h("input", { type: "radio", name, value });
    input.addEventListener("change", () => {
      cell.value = value;
    });
    return input;
  });
  cell.watch((value) => {
    for (const input of inputs) input.checked = input.value === value;
  });
  const labels = choices.map((choice, i) =>
    h("label", null, inputs[i], h("span", null, choice.label)),
  );
  const element = h("div", { class: "segmented", aria: { role: "radiogroup", label } }, ...labels);
  const disable = (value: T, disabled: boolean): void => {
    for (const input of inputs) if (input.value === value) input.disabled = disabled;
  };
  return { element, disable };
}
