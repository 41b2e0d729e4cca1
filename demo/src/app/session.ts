import type { Box, ProbabilityMap } from "../pipeline/boxes";
import type { Networks } from "../pipeline/networks";
import type { Pixels } from "../pipeline/pixels";
import { type Line, readImage, type Times } from "../pipeline/reader";
import { Cell } from "./cell";

/** An image that someone chose: `name` is shown, `pixels` are read. */
export interface Picture {
  name: string;
  pixels: Pixels;
}

/** A box that was found: its line is undefined until read, null where nothing legible was in it. */
export interface Slot {
  box: Box;
  line: Line | null | undefined;
}

export type Status = "empty" | "waiting" | "detecting" | "reading" | "done" | "failed";

/** A heat map to lay over the picture: height x width values, drawn from `low` to `high`. */
export interface Overlay {
  data: ArrayLike<number>;
  width: number;
  height: number;
  low: number;
  high: number;
  label: string;
}

/** The words of anything that was thrown. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** What the page knows, and what it does: everything the views watch. */
export class Session {
  readonly networks = new Cell<Networks | undefined>(undefined);
  readonly picture = new Cell<Picture | undefined>(undefined);
  readonly status = new Cell<Status>("empty");
  readonly message = new Cell("");
  /** Why the image that was chosen last could not be opened; the picture before it stays. */
  readonly refusal = new Cell("");
  readonly slots = new Cell<readonly Slot[]>([]);
  readonly times = new Cell<Times | undefined>(undefined);
  readonly map = new Cell<ProbabilityMap | undefined>(undefined);
  /** The line that views are about: the first one, until another is chosen. */
  readonly selected = new Cell<number | undefined>(undefined);
  /** The line under the pointer or the focus, in the list or on the picture. */
  readonly pointed = new Cell<number | undefined>(undefined);
  /** A feature map that an attention view wants to see over the picture. */
  readonly feature = new Cell<Overlay | undefined>(undefined);
  /** At most as many pixels as a square of this side are searched. */
  readonly limit = new Cell(960);

  dictionary: readonly string[] = [];
  /** Whether a network ended itself: an engine that trapped is not used again. */
  readonly broken = new Cell(false);
  #reading: AbortController | undefined;
  #openings = 0;

  /**
   * Shows a picture and reads it, as soon as the networks are there; nothing if none was chosen.
   * Of pictures that are opened at once the last one chosen is shown, not the last one decoded.
   */
  async open(opening: Promise<Picture | undefined>): Promise<void> {
    const turn = ++this.#openings;
    this.refusal.value = "";
    try {
      const picture = await opening;
      if (!picture || turn !== this.#openings) return;
      this.picture.value = picture;
    } catch (error) {
      if (turn === this.#openings) this.refusal.value = messageOf(error);
      return;
    }
    await this.read();
  }

  /** Reads the picture anew; an earlier reading that still runs is given up. */
  async read(): Promise<void> {
    const picture = this.picture.value;
    if (!picture) return;
    this.#reading?.abort();
    const reading = new AbortController();
    this.#reading = reading;
    this.#clear();
    const networks = this.networks.value;
    if (!networks) {
      this.status.value = "waiting";
      return;
    }
    this.status.value = "detecting";
    try {
      const { times } = await readImage(networks, this.dictionary, picture.pixels, {
        limit: this.limit.value,
        signal: reading.signal,
        onBoxes: (boxes, map) => !reading.signal.aborted && this.#found(boxes, map),
        onLine: (index, line) => !reading.signal.aborted && this.#read(index, line),
      });
      if (reading.signal.aborted) return;
      this.times.value = times;
      this.status.value = "done";
    } catch (error) {
      if (reading.signal.aborted) return;
      this.message.value = this.explain(error);
      this.status.value = "failed";
    }
  }

  /** What went wrong, in words; a network that cannot be used on is loaded anew. */
  explain(error: unknown): string {
    const code = (error as { code?: string } | undefined)?.code;
    if (code === "internal" || code === "disposed") this.broken.value = true;
    return messageOf(error);
  }

  /** The line that was selected, if it was read. */
  get line(): Line | undefined {
    const { value } = this.selected;
    return (value === undefined ? undefined : this.slots.value[value]?.line) ?? undefined;
  }

  #clear(): void {
    this.message.value = "";
    this.slots.value = [];
    this.times.value = undefined;
    this.map.value = undefined;
    this.selected.value = undefined;
    this.pointed.value = undefined;
    this.feature.value = undefined;
  }

  #found(boxes: readonly Box[], map: ProbabilityMap): void {
    this.map.value = map;
    this.slots.value = boxes.map((box) => ({ box, line: undefined }));
    this.status.value = "reading";
  }

  #read(index: number, line: Line | undefined): void {
    this.slots.value = this.slots.value.map((slot, i) =>
      i === index ? { ...slot, line: line ?? null } : slot,
    );
    if (line && this.selected.value === undefined) this.selected.value = index;
  }
}
