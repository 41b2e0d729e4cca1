import { type Bounds, bounds, type Point, type Quad, quadSize } from "./geometry";

interface Item {
  index: number;
  box: Bounds;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const lineHeight = (items: readonly Item[]): number =>
  median(items.map(({ box }) => box.bottom - box.top));

/** The angle in which the lines run, in radians: the median over lines that are clearly wide. */
function textAngle(quads: readonly Quad[]): number {
  const wide = quads.filter((quad) => quadSize(quad).width > 2 * quadSize(quad).height);
  return median(wide.map(([a, b]) => Math.atan2(b[1] - a[1], b[0] - a[0])));
}

/** The widest empty band between items along one axis: its middle and width. */
function widestGap(items: readonly Item[], low: "left" | "top", high: "right" | "bottom") {
  const sorted = [...items].sort((a, b) => a.box[low] - b.box[low]);
  let reach = sorted[0]?.box[high] ?? 0;
  let best = { at: 0, width: 0 };
  for (const { box } of sorted) {
    if (box[low] - reach > best.width)
      best = { at: (box[low] + reach) / 2, width: box[low] - reach };
    reach = Math.max(reach, box[high]);
  }
  return best;
}

function split(items: readonly Item[], inFirst: (item: Item) => boolean): [Item[], Item[]] {
  return [items.filter(inFirst), items.filter((item) => !inFirst(item))];
}

/** A column of running text, unlike the prices of a receipt: several lines, and wide ones. */
function isColumn(items: readonly Item[]): boolean {
  const height = lineHeight(items);
  return items.length >= 3 && median(items.map(({ box }) => box.right - box.left)) >= 7 * height;
}

/** Items that stand beside each other form a row; rows from top to bottom, each left to right. */
function byRows(items: readonly Item[]): Item[] {
  const middle = ({ box }: Item) => (box.top + box.bottom) / 2;
  const rows: Item[][] = [];
  for (const item of [...items].sort((a, b) => middle(a) - middle(b))) {
    const row = rows.at(-1);
    const y = row ? row.reduce((sum, other) => sum + middle(other), 0) / row.length : 0;
    const height = Math.min(item.box.bottom - item.box.top, row ? lineHeight(row) : 0);
    if (row && Math.abs(middle(item) - y) < 0.5 * height) row.push(item);
    else rows.push([item]);
  }
  return rows.flatMap((row) => row.sort((a, b) => a.box.left - b.box.left));
}

/** Cuts recursively: columns at a clear gutter first, then paragraphs, then rows. */
function cut(items: readonly Item[]): Item[] {
  if (items.length < 2) return [...items];
  const height = lineHeight(items);
  const gutter = widestGap(items, "left", "right");
  if (gutter.width > 0.8 * height) {
    const columns = split(items, ({ box }) => box.right <= gutter.at);
    if (columns.every(isColumn)) return columns.flatMap(cut);
  }
  const band = widestGap(items, "top", "bottom");
  if (band.width > 0.4 * height) {
    return split(items, ({ box }) => box.bottom <= band.at).flatMap(cut);
  }
  return byRows(items);
}

/**
 * The order in which a person reads lines of text: indices into `quads`. Lines side by side are
 * a row; columns of running text are read one after the other. Works on tilted pages too: the
 * lines' own direction is the horizontal.
 */
export function readingOrder(quads: readonly Quad[]): number[] {
  const angle = textAngle(quads);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const straighten = ([x, y]: Point): Point => [x * cos + y * sin, y * cos - x * sin];
  return cut(quads.map((quad, index) => ({ index, box: bounds(quad.map(straighten)) }))).map(
    ({ index }) => index,
  );
}
