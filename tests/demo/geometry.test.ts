import { describe, expect, test } from "vitest";
import {
  minimalRectangle,
  orderCorners,
  type Point,
  projection,
  type Quad,
  quadSize,
} from "../../demo/src/pipeline/geometry";

/** A rectangle of 80 x 20 around (100, 60), turned by `degrees`. */
function turned(degrees: number): Quad {
  const angle = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const corners: Point[] = [
    [-40, -10],
    [40, -10],
    [40, 10],
    [-40, 10],
  ];
  return orderCorners(corners.map(([x, y]) => [100 + x * cos - y * sin, 60 + x * sin + y * cos]));
}

describe("minimalRectangle", () => {
  test.each([0, 7, 30, -20, 44])("finds a rectangle that is turned by %d degrees", (degrees) => {
    const [a, b, c, d] = turned(degrees);
    const inside: Point = [101, 61];
    const found = minimalRectangle([c, inside, a, d, b]) as Quad;
    for (const [i, [x, y]] of turned(degrees).entries()) {
      expect(found[i]?.[0]).toBeCloseTo(x, 6);
      expect(found[i]?.[1]).toBeCloseTo(y, 6);
    }
  });

  test("takes the tilted rectangle of a diamond, not its bounding box", () => {
    const diamond: Point[] = [
      [0, -10],
      [10, 0],
      [0, 10],
      [-10, 0],
    ];
    const { width, height } = quadSize(minimalRectangle(diamond) as Quad);
    expect(width * height).toBeCloseTo(200, 6);
  });

  test("gives nothing for points without area", () => {
    expect(minimalRectangle([])).toBeUndefined();
    expect(minimalRectangle([[3, 4]])).toBeUndefined();
  });
});

test("projection takes the rectangle's corners to the quad's, and its middle to the crossing of the diagonals", () => {
  const quad: Quad = [
    [10, 20],
    [110, 40],
    [100, 90],
    [20, 100],
  ];
  const toImage = projection(quad, 200, 50);
  const corners = [toImage(0, 0), toImage(200, 0), toImage(200, 50), toImage(0, 50)];
  for (const [i, [x, y]] of corners.entries()) {
    expect(x).toBeCloseTo((quad[i] as Point)[0], 9);
    expect(y).toBeCloseTo((quad[i] as Point)[1], 9);
  }
  const [x, y] = toImage(100, 25);
  const cross = (a: Point, b: Point) => (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0]);
  expect(cross(quad[0], quad[2])).toBeCloseTo(0, 6);
  expect(cross(quad[1], quad[3])).toBeCloseTo(0, 6);
});
