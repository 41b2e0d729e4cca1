import { polygonArea, polygonHull, polygonLength } from "d3-polygon";

/** A position in pixels, continuous: the centre of the first pixel is (0.5, 0.5). */
export type Point = readonly [x: number, y: number];

/** Four corners, clockwise from the top left one as seen in the image. */
export type Quad = readonly [Point, Point, Point, Point];

/** Axis-aligned bounds, in pixels. */
export interface Bounds {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export const distance = (a: Point, b: Point): number => Math.hypot(a[0] - b[0], a[1] - b[1]);

export const centre = (quad: readonly Point[]): Point => [
  quad.reduce((sum, p) => sum + p[0], 0) / quad.length,
  quad.reduce((sum, p) => sum + p[1], 0) / quad.length,
];

export function bounds(points: readonly Point[]): Bounds {
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  for (const [x, y] of points) {
    box.left = Math.min(box.left, x);
    box.top = Math.min(box.top, y);
    box.right = Math.max(box.right, x);
    box.bottom = Math.max(box.bottom, y);
  }
  return box;
}

/** The length of a quad's sides: the longer of its two widths, and of its two heights. */
export const quadSize = ([a, b, c, d]: Quad): { width: number; height: number } => ({
  width: Math.max(distance(a, b), distance(d, c)),
  height: Math.max(distance(a, d), distance(b, c)),
});

/** Area over perimeter: by how much, times a ratio, a detected text kernel is grown again. */
export function areaPerLength(polygon: readonly Point[]): number {
  const ring = polygon as [number, number][];
  return Math.abs(polygonArea(ring)) / Math.max(polygonLength(ring), 1e-9);
}

/** Puts four corners into a quad's order: the two left ones by height, then the two right ones. */
export function orderCorners(corners: readonly Point[]): Quad {
  const byX = [...corners].sort((a, b) => a[0] - b[0]);
  const [topLeft, bottomLeft] = byX.slice(0, 2).sort((a, b) => a[1] - b[1]) as [Point, Point];
  const [topRight, bottomRight] = byX.slice(2).sort((a, b) => a[1] - b[1]) as [Point, Point];
  return [topLeft, topRight, bottomRight, bottomLeft];
}

/**
 * The rectangle of least area around points, at any angle. One of its sides lies on an edge of
 * the convex hull, so each edge is tried. Undefined where the points have no area.
 */
export function minimalRectangle(points: readonly Point[]): Quad | undefined {
  const hull = polygonHull(points as [number, number][]);
  if (!hull) return undefined;
  let best: { area: number; corners: Point[] } | undefined;
  for (let i = 0; i < hull.length; i++) {
    const from = hull[i] as Point;
    const to = hull[(i + 1) % hull.length] as Point;
    const length = distance(from, to);
    if (length === 0) continue;
    const [ux, uy] = [(to[0] - from[0]) / length, (to[1] - from[1]) / length];
    const along = bounds(hull.map(([x, y]) => [x * ux + y * uy, y * ux - x * uy]));
    const area = (along.right - along.left) * (along.bottom - along.top);
    if (best && area >= best.area) continue;
    const corner = (a: number, b: number): Point => [a * ux - b * uy, a * uy + b * ux];
    const { left, top, right, bottom } = along;
    const corners = [corner(left, top), corner(right, top), corner(right, bottom)];
    best = { area, corners: [...corners, corner(left, bottom)] };
  }
  return best && orderCorners(best.corners);
}

/**
 * The projective map that takes the rectangle (0, 0)-(width, height) to a quad, as a function of
 * a position in the rectangle (Heckbert, Fundamentals of Texture Mapping, 1989, section 2.2.3).
 */
export function projection(
  quad: Quad,
  width: number,
  height: number,
): (x: number, y: number) => Point {
  const [[x0, y0], [x1, y1], [x2, y2], [x3, y3]] = quad;
  const [dx1, dx2, sx] = [x1 - x2, x3 - x2, x0 - x1 + x2 - x3];
  const [dy1, dy2, sy] = [y1 - y2, y3 - y2, y0 - y1 + y2 - y3];
  const det = dx1 * dy2 - dx2 * dy1 || 1e-9;
  const g = (sx * dy2 - dx2 * sy) / det;
  const h = (dx1 * sy - sx * dy1) / det;
  const [a, b] = [x1 - x0 + g * x1, x3 - x0 + h * x3];
  const [d, e] = [y1 - y0 + g * y1, y3 - y0 + h * y3];
  return (x, y) => {
    const [u, v] = [x / width, y / height];
    const w = g * u + h * v + 1;
    return [(a * u + b * v + x0) / w, (d * u + e * v + y0) / w];
  };
}
