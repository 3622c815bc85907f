import { el } from "./element.ts";

let count = 0;

/** A part of the page with a heading that names it. */
export function section(title: string, ...children: readonly HTMLElement[]): HTMLElement {
  count += 1;
  const id = `part-${count}`;
  return el(
    "section",
    { class: "part", "aria-labelledby": id },
    el("h2", { id }, title),
    ...children,
  );
}
