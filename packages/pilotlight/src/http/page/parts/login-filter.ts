import type { LoginHealth } from "../../../core/health.ts";
import { el, say } from "./element.ts";

export interface LoginFilter {
  readonly element: HTMLElement;
  pick(logins: readonly LoginHealth[]): readonly LoginHealth[];
}

/** So many are found at a glance. */
const FEW = 8;
const RANK = ["down", "starting", "degraded", "ok"];

/** Finds logins by name, or those with trouble, where there are many. The worst stand first. */
export function loginFilter(changed: () => void): LoginFilter {
  const search = el("input", {
    type: "search",
    id: "find",
    autocomplete: "off",
    spellcheck: "false",
  });
  const only = el("input", { type: "checkbox", id: "only" });
  const count = el("output", { for: "find only", class: "quiet" });
  const element = el(
    "div",
    { class: "filter" },
    el("label", { for: "find" }, "Find"),
    search,
    el("label", { class: "check", for: "only" }, only, "only those with trouble"),
    count,
  );
  search.addEventListener("input", changed);
  only.addEventListener("change", changed);
  return {
    element,
    pick(logins) {
      element.hidden = logins.length <= FEW;
      const wanted = search.value.trim().toLowerCase();
      const found = logins
        .filter(
          ({ name, health }) =>
            name.toLowerCase().includes(wanted) && !(only.checked && health === "ok"),
        )
        .toSorted((a, b) => RANK.indexOf(a.health) - RANK.indexOf(b.health));
      say(count, `${found.length} of ${logins.length}`);
      return found;
    },
  };
}
