import { h, icon } from "./dom";

type Theme = "light" | "dark";

const kKey = "heed-theme";

const system = window.matchMedia("(prefers-color-scheme: dark)");

function stored(): Theme | undefined {
  try {
    const value = localStorage.getItem(kKey);
    return value === "light" || value === "dark" ? value : undefined;
  } catch {
    return undefined;
  }
}

const current = (): Theme => stored() ?? (system.matches ? "dark" : "light");

/** A button that changes between light and dark; until pressed, the system's choice holds. */
export function themeToggle(): HTMLElement {
  const button = h(
    "button",
    { type: "button", class: "quiet" },
    icon("M8 2.5a5.5 5.5 0 1 0 0 11zM8 2.5a5.5 5.5 0 0 1 0 11"),
  );
  const show = (): void => {
    document.documentElement.dataset.theme = current();
    const other = current() === "dark" ? "light" : "dark";
    button.title = `Change to ${other} colours`;
    button.setAttribute("aria-label", button.title);
  };
  button.addEventListener("click", () => {
    try {
      localStorage.setItem(kKey, current() === "dark" ? "light" : "dark");
    } catch {
      // without storage the system's choice stays
    }
    show();
  });
  system.addEventListener("change", show);
  show();
  return button;
}
