import { el } from "./element.ts";

/** The way from all logins to the page that is open, whose name is the last. */
export function breadcrumb(here: string, ...between: readonly HTMLElement[]): HTMLElement {
  const start = el("a", { href: "/" }, "All logins");
  const end = el("span", { "aria-current": "page" }, here);
  return el("nav", { class: "path", "aria-label": "Path" }, start, ...between, end);
}
