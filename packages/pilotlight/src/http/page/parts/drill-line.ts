import type { DrillNote } from "../../drill-note.ts";
import { DRILL_WARNING, drillWords } from "../facts/drill-words.ts";
import { announce } from "./announcer.ts";
import { el, say } from "./element.ts";

const TITLE = "Drill: ";

/** Says above everything that this is a drill, and in the title too. Where there is none, it is not on the page at all. */
export function drillLine(): (drill: DrillNote | undefined) => void {
  const words = el("span");
  const warning = el("p", { class: "quiet" }, DRILL_WARNING);
  const line = el("p", {}, el("strong", {}, "Drill"), " ", words);
  const element = el("section", { class: "drill", "aria-label": "Drill" }, line, warning);
  let last: DrillNote["state"] | null = null;
  return (drill) => {
    if (drill === undefined) return;
    if (!element.isConnected) document.querySelector("#top")?.after(element);
    if (!document.title.startsWith(TITLE)) document.title = TITLE + document.title;
    const text = drillWords(drill);
    say(words, text);
    // Every hour would be too much to be read out.
    if (last !== null && last !== drill.state) announce(text);
    last = drill.state;
  };
}
