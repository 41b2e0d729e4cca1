import { h, svg } from "./dom";
import { themeToggle } from "./theme";

/** The page's head: its name, what it is for, where else one can go. */
export function header(): HTMLElement {
  const mark = svg(
    "svg",
    { viewBox: "0 0 20 20", class: "mark", "aria-hidden": "true" },
    svg("path", { d: "M2 4h10M2 16h7" }),
    svg("path", { d: "M2 10h16", class: "accent" }),
  );
  return h(
    "header",
    { class: "top" },
    h("a", { class: "brand", href: "./", aria: { current: "page" } }, mark, "heed"),
    h(
      "h1",
      { class: "tagline" },
      "Reads text from images in your browser, and shows what the networks attend to.",
    ),
    h(
      "nav",
      { aria: { label: "Site" } },
      h("a", { href: "docs/layers.html" }, "Docs"),
      themeToggle(),
    ),
  );
}

/** Said to a visitor who has not chosen a picture yet. */
const kFacts = [
  [
    "Find",
    "A detection network gives every pixel the probability that it belongs to text; boxes are drawn around what stands out. Its ten channel gates can be watched.",
  ],
  [
    "Turn",
    "A small network decides for each line whether it stands upside down, and the line is straightened, by perspective where the photograph was taken at an angle.",
  ],
  [
    "Read",
    "A third network names the characters. Two layers of self-attention let every place along the line look at every other one; point at a character to see where.",
  ],
] as const;

/** How it works, in three steps; shown until a picture is chosen. */
export function facts(): HTMLElement {
  const steps = kFacts.map(([title, words]) =>
    h("div", null, h("h2", null, title), h("p", null, words)),
  );
  return h("section", { class: "facts", aria: { label: "How it works" } }, ...steps);
}
