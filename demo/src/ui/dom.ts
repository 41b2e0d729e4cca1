type Child = Node | string | undefined | false;

type Props<T> = { [K in keyof T]?: T[K] } & {
  class?: string;
  aria?: Record<string, string | number | boolean>;
  data?: Record<string, string>;
  on?: { [K in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[K]) => void };
};

/** Makes an HTML element: properties, `aria` attributes, `data` attributes, listeners, children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props<HTMLElementTagNameMap[K]> | null = null,
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  const { class: name, aria, data, on, ...rest } = props ?? {};
  if (name) element.className = name;
  Object.assign(element, rest);
  setAria(element, aria ?? {});
  Object.assign(element.dataset, data);
  for (const [type, listener] of Object.entries(on ?? {})) {
    element.addEventListener(type, listener as EventListener);
  }
  element.append(...children.filter((child): child is Node | string => !!child));
  return element;
}

/** Sets aria attributes; `role` is set as it stands. */
export function setAria(element: Element, aria: Record<string, string | number | boolean>): void {
  for (const [key, value] of Object.entries(aria)) {
    element.setAttribute(key === "role" ? "role" : `aria-${key}`, String(value));
  }
}

/** Makes an SVG element with attributes. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | number> = {},
  ...children: (Node | string)[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/** An icon of 16 x 16 units, drawn with strokes in the text's colour. */
export const icon = (path: string): SVGSVGElement =>
  svg(
    "svg",
    { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" },
    svg("path", { d: path }),
  );

/** Milliseconds for people: "3.1 ms", "240 ms", "1.24 s". */
export const formatTime = (ms: number): string =>
  ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;

/** A share for people: 0.974 is "97%". */
export const formatPercent = (share: number): string => `${Math.round(share * 100)}%`;

export const formatBytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
