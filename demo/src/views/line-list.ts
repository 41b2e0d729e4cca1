import { watchAll } from "../app/cell";
import type { Session, Slot } from "../app/session";
import { formatPercent, h, icon, setAria } from "../ui/dom";

const kCopy = "M5.5 5.5h8v8h-8zM10.5 3.5v-1h-8v8h1";
const kDone = "M3 8.5l3.5 3.5 6.5-7.5";

/** A button that copies text, and says for a moment that it did. */
function copyButton(label: string, text: () => string, visible?: string): HTMLButtonElement {
  const button = h("button", { type: "button", class: "copy", title: label });
  const show = (path: string, words: string): void => {
    button.replaceChildren(icon(path), visible ? words : "");
    button.setAttribute("aria-label", words === visible ? label : words);
  };
  button.addEventListener("click", async (event) => {
    event.stopPropagation();
    try {
      await navigator.clipboard.writeText(text());
      show(kDone, "Copied");
    } catch {
      show(kCopy, "Not allowed");
    }
    setTimeout(() => show(kCopy, visible ?? label), 1200);
  });
  show(kCopy, visible ?? label);
  return button;
}

function item(session: Session, slot: Slot, index: number): HTMLElement {
  const { line } = slot;
  const row = h("li", {
    class: line === undefined ? "line pending" : "line",
    data: { slot: String(index) },
  });
  if (!line) {
    if (line === null) row.hidden = true;
    row.append(h("span", { class: "skeleton", aria: { label: "being read" } }));
    return row;
  }
  const meter = h("span", { class: "meter", aria: { hidden: true } });
  meter.style.setProperty("--share", String(line.confidence));
  const choose = h(
    "button",
    { type: "button", class: "line-text", on: { click: () => select(session, index) } },
    h("span", { class: "words" }, line.text),
    line.upsideDown && h("span", { class: "tag" }, "upside down"),
  );
  const share = formatPercent(line.confidence);
  setAria(choose, {
    label: `${line.text}, confidence ${share}${line.upsideDown ? ", upside down" : ""}`,
  });
  row.append(
    choose,
    h(
      "span",
      { class: "confidence number", title: `Mean confidence ${share}` },
      meter,
      h("span", { class: "percent" }, share),
    ),
    copyButton(`Copy “${line.text}”`, () => line.text),
  );
  const point = (on: boolean) => () => {
    session.pointed.value = on ? index : undefined;
  };
  row.addEventListener("pointerenter", point(true));
  row.addEventListener("pointerleave", point(false));
  row.addEventListener("focusin", point(true));
  row.addEventListener("focusout", point(false));
  return row;
}

function select(session: Session, index: number): void {
  session.selected.value = index;
}

/** The text that was read, line by line, with confidence; linked with the picture both ways. */
export function lineList(session: Session): HTMLElement {
  const list = h("ol", { class: "lines", aria: { label: "Lines of text" } });
  const summary = h("p", { class: "summary", aria: { live: "polite" } });
  const texts = (): string[] =>
    session.slots.value.flatMap(({ line }) => (line ? [line.text] : []));
  const all = copyButton("Copy all lines", () => texts().join("\n"), "Copy all");
  const rows: { slot: Slot; row: HTMLElement }[] = [];

  session.slots.watch((slots) => {
    rows.length = Math.min(rows.length, slots.length);
    for (const [i, slot] of slots.entries()) {
      if (rows[i]?.slot === slot) continue;
      const row = item(session, slot, i);
      if (rows[i]) rows[i].row.replaceWith(row);
      else list.append(row);
      rows[i] = { slot, row };
    }
    while (list.children.length > slots.length) list.lastElementChild?.remove();
  });
  watchAll([session.slots, session.pointed, session.selected], () => {
    for (const [i, { row }] of rows.entries()) {
      row.classList.toggle("pointed", i === session.pointed.value);
      row.classList.toggle("selected", i === session.selected.value);
    }
  });
  session.pointed.watch((index) => {
    const row = index === undefined ? undefined : rows[index]?.row;
    const hovered = row?.matches(":hover, :focus-within");
    if (row && !hovered) scrollInside(list, row);
  });
  watchAll([session.status, session.slots, session.message], () => {
    summary.textContent = summarise(session);
    summary.classList.toggle("error", session.status.value === "failed");
    all.hidden = texts().length === 0;
    const busy = ["waiting", "detecting", "reading"].includes(session.status.value);
    setAria(list, { busy });
  });
  return h("div", { class: "panel" }, h("header", { class: "panel-head" }, summary, all), list);
}

/** Scrolls a list, not the page, until a row is in view. */
function scrollInside(list: HTMLElement, row: HTMLElement): void {
  const top = row.offsetTop - list.offsetTop;
  const above = top - list.scrollTop;
  if (above < 0) list.scrollTop = top;
  else if (above + row.offsetHeight > list.clientHeight) {
    list.scrollTop = top + row.offsetHeight - list.clientHeight;
  }
}

function summarise(session: Session): string {
  const slots = session.slots.value;
  const lines = slots.flatMap(({ line }) => (line ? [line] : []));
  const mean =
    lines.reduce((sum, { confidence }) => sum + confidence, 0) / Math.max(lines.length, 1);
  const count = `${lines.length} ${lines.length === 1 ? "line" : "lines"}`;
  switch (session.status.value) {
    case "empty":
      return "Nothing read yet.";
    case "waiting":
      return "Reading starts when the networks are loaded.";
    case "detecting":
      return "Looking for text…";
    case "reading":
      return `Reading line ${slots.filter(({ line }) => line !== undefined).length + 1} of ${slots.length}…`;
    case "failed":
      return session.message.value;
    case "done":
      return lines.length > 0
        ? `${count}, mean confidence ${formatPercent(mean)}`
        : "No text found in this image.";
  }
}
