import { capitalised, sentence } from "../../../core/sentence.ts";
import type { HelpReport } from "../../../core/error-page.ts";
import { el, say } from "./element.ts";

export interface HelpText {
  readonly element: HTMLElement;
  /** Shows the page of a code; `null` hides it. */
  set(code: string | null): void;
}

/** What `pilotlight help <code>` says, beside what it is about. */
export function helpText(): HelpText {
  const heading = el("h2");
  const body = el("div");
  const element = el("aside", { class: "help", "aria-label": "Help" }, heading, body);
  let shown: string | null | undefined;
  return {
    element,
    set(code) {
      if (shown === code) return;
      shown = code;
      element.hidden = code === null;
      if (code === null) return;
      say(heading, code);
      void load(code).then((report) => {
        if (shown !== code) return;
        element.hidden = report === null;
        if (report !== null) body.replaceChildren(...textOf(report));
      });
    },
  };
}

async function load(code: string): Promise<HelpReport | null> {
  try {
    const answer = await fetch(`/api/v1/help/${encodeURIComponent(code)}`);
    return answer.ok ? ((await answer.json()) as HelpReport) : null;
  } catch {
    return null;
  }
}

/** The command of the table is for any login; that of this one stands beside its next step. */
function textOf({ code, what, why, tell, fix, seen }: HelpReport): HTMLElement[] {
  return [
    el("p", { class: "what" }, sentence(what)),
    el("h3", {}, "Why"),
    el("p", {}, why),
    el("h3", {}, "How to tell"),
    el("p", {}, tell),
    el("h3", {}, "What to do"),
    el("p", {}, sentence(fix)),
    ...seen.map(({ symptom, steps }) =>
      el(
        "details",
        {},
        el("summary", {}, capitalised(symptom)),
        el("ol", {}, ...steps.map((step) => el("li", {}, step))),
      ),
    ),
    el("p", { class: "quiet" }, `As pilotlight help ${code} tells it.`),
  ];
}
