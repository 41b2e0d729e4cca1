import { Cell, watchAll } from "../app/cell";
import type { Session } from "../app/session";
import { headMatrix, readSelfAttention, type SelfAttention } from "../attention/self-attention";
import { textInput } from "../pipeline/inputs";
import type { Line } from "../pipeline/reader";
import { h } from "../ui/dom";
import { segmented } from "../ui/segmented";
import { attentionMatrix } from "./attention-matrix";
import { attentionStrip } from "./attention-strip";
import { kRunning, whyNothing } from "./why-nothing";

/** What the views of a line's self-attention share. */
export interface Focus {
  line: Cell<Line | undefined>;
  /** steps x steps, row by row: how much each step looks at each other one. */
  matrix: Cell<{ data: Float32Array; steps: number } | undefined>;
  /** The step whose row is shown. */
  step: Cell<number>;
}

/** Self-attention of a recognised line: point at a character, see where it looks. */
export function selfAttentionView(session: Session, active: Cell<boolean>): HTMLElement {
  const focus: Focus = {
    line: new Cell<Line | undefined>(undefined),
    matrix: new Cell<{ data: Float32Array; steps: number } | undefined>(undefined),
    step: new Cell(0),
  };
  const maps = new Cell<ReadonlyMap<string, SelfAttention>>(new Map());
  const block = new Cell("0");
  const head = new Cell("mean");
  const note = h("p", { class: "note", aria: { live: "polite" } });
  const controls = h("div", { class: "controls" });

  let latest = 0;
  const run = async (): Promise<void> => {
    const turn = ++latest;
    if (!active.value) return;
    const model = session.networks.value?.recognise;
    const { line } = session;
    note.textContent = "";
    if (!model || !line) {
      note.textContent = whyNothing(session);
      focus.line.value = undefined;
      focus.matrix.value = undefined;
      return;
    }
    if (line === focus.line.value) return;
    note.textContent = kRunning;
    try {
      const found = await readSelfAttention(model, textInput(line.crop));
      if (turn !== latest) return;
      note.textContent = "";
      focus.line.value = line;
      focus.step.value = line.characters[0]?.step ?? 0;
      maps.value = found;
    } catch (error) {
      if (turn === latest) note.textContent = session.explain(error);
    }
  };
  watchAll([active, session.selected, session.status], () => void run());
  watchAll([maps, block, head], () => {
    const map = [...maps.value.values()][Number(block.value)];
    if (!map) return;
    const chosen = head.value === "mean" ? undefined : Number(head.value) - 1;
    focus.matrix.value = { data: headMatrix(map, chosen), steps: map.steps };
  });
  let drawn = "";
  maps.watch((found) => {
    const counts = [...found.values()].map(({ heads }) => heads);
    if (counts.length === 0 || drawn === counts.join()) return;
    drawn = counts.join();
    const blocks = counts.map((_, i) => ({ value: String(i), label: `Block ${i + 1}` }));
    const heads = Array.from({ length: Math.max(...counts) }, (_, i) => String(i + 1));
    const choices = [
      { value: "mean", label: "Mean" },
      ...heads.map((value) => ({ value, label: value })),
    ];
    controls.replaceChildren(
      segmented("Block", blocks, block).element,
      segmented("Head", choices, head).element,
    );
  });
  return h(
    "div",
    { class: "panel self-attention" },
    h(
      "p",
      { class: "lead" },
      "Before a character is named, every step along the line looks at every other one. Point at a character to see where it looks; choose another line in the text or on the picture.",
    ),
    controls,
    note,
    attentionStrip(focus),
    attentionMatrix(focus),
  );
}
