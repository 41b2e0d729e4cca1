import { expect, test } from "vitest";
import type { Point, Quad } from "../../demo/src/pipeline/geometry";
import { readingOrder } from "../../demo/src/pipeline/reading-order";

type Item = [text: string, x: number, y: number, width: number];

/** The texts in reading order; lines are 20 high, and the page is turned by `degrees`. */
function read(items: readonly Item[], degrees = 0): string {
  const angle = (degrees * Math.PI) / 180;
  const turn = (x: number, y: number): Point => [
    x * Math.cos(angle) - y * Math.sin(angle),
    x * Math.sin(angle) + y * Math.cos(angle),
  ];
  const quads = items.map(
    ([, x, y, width]): Quad => [
      turn(x, y),
      turn(x + width, y),
      turn(x + width, y + 20),
      turn(x, y + 20),
    ],
  );
  return readingOrder(quads)
    .map((i) => items[i]?.[0])
    .join(" ");
}

const receipt: Item[] = [
  ["price1", 400, 2, 50],
  ["tea", 0, 0, 60],
  ["plum-cake", 0, 26, 130],
  ["price2", 400, 27, 50],
  ["price3", 400, 55, 50],
  ["postcard", 0, 52, 120],
  ["thanks", 100, 120, 240],
];

const page: Item[] = [
  ["R1", 320, 63, 270],
  ["title", 40, 0, 500],
  ["L1", 0, 60, 280],
  ["L2", 0, 86, 270],
  ["R3", 320, 115, 240],
  ["L3", 0, 112, 275],
  ["R2", 320, 89, 280],
];

test("a receipt is read row by row, each name with its price", () => {
  expect(read(receipt)).toBe("tea price1 plum-cake price2 postcard price3 thanks");
});

test("columns of running text are read one after the other, below their title", () => {
  expect(read(page)).toBe("title L1 L2 L3 R1 R2 R3");
});

test.each([-12, 8, 20])("a page turned by %d degrees keeps its order", (degrees) => {
  expect(read(receipt, degrees)).toBe("tea price1 plum-cake price2 postcard price3 thanks");
  expect(read(page, degrees)).toBe("title L1 L2 L3 R1 R2 R3");
});

test("no lines, one line", () => {
  expect(readingOrder([])).toEqual([]);
  expect(read([["alone", 5, 5, 40]])).toBe("alone");
});
