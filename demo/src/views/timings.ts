import { watchAll } from "../app/cell";
import type { Session } from "../app/session";
import { formatTime, h } from "../ui/dom";

const kStages = [
  { id: "detect", title: "Detect" },
  { id: "direction", title: "Direction" },
  { id: "recognise", title: "Recognise" },
] as const;

/** How long each stage took: one bar, divided by stage, and the numbers below it. */
export function timings(session: Session): HTMLElement {
  const parts = kStages.map(({ id }) => h("span", { class: `part ${id}` }));
  const numbers = kStages.map(({ id, title }) => {
    const value = h("dd", { class: "number" });
    const entry = h("div", { class: id }, h("dt", null, title), value);
    return { entry, value };
  });
  const total = h("dd", { class: "number" });
  const lineTime = h("dd", { class: "number" });
  const element = h(
    "section",
    { class: "timings", aria: { label: "Time of each stage" } },
    h("div", { class: "stack", aria: { hidden: true } }, ...parts),
    h(
      "dl",
      null,
      ...numbers.map(({ entry }) => entry),
      h("div", { class: "per-line" }, h("dt", null, "This line"), lineTime),
      h("div", null, h("dt", null, "In all"), total),
    ),
  );
  session.times.watch((times) => {
    element.hidden = !times;
    if (!times) return;
    for (const [i, { id }] of kStages.entries()) {
      (parts[i] as HTMLElement).style.flexGrow = String(times[id]);
      (numbers[i] as (typeof numbers)[0]).value.textContent = formatTime(times[id]);
    }
    total.textContent = formatTime(times.total);
  });
  watchAll([session.slots, session.selected, session.pointed], () => {
    const index = session.pointed.value ?? session.selected.value;
    const line = index === undefined ? undefined : session.slots.value[index]?.line;
    lineTime.textContent = line ? formatTime(line.time) : "–";
  });
  return element;
}
