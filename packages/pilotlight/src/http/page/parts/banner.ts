import type { Summary } from "../facts/summary.ts";
import { copyCommand } from "./copy-command.ts";
import { el, put, say } from "./element.ts";

export interface Banner {
  readonly element: HTMLElement;
  set(summary: Summary, more: string): void;
}

/** The one sentence on top. */
export function banner(): Banner {
  const title = el("h1");
  const lead = el("p", { class: "lead" });
  const { element: command, set } = copyCommand();
  const type = el("p", { class: "type" }, "Type");
  const words = el("div", {}, title, el("div", { class: "typing" }, type, command), lead);
  const lamp = el("span", { class: "lamp", "aria-hidden": "true" });
  const element = el("section", { class: "banner", "aria-label": "In one sentence" }, lamp, words);
  return {
    element,
    set({ tone, sentence, command: typed }, more) {
      put(element, "data-tone", tone);
      say(title, sentence);
      say(lead, more);
      type.hidden = typed === null;
      set(typed);
    },
  };
}
