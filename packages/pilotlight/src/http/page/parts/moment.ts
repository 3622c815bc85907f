import { printAge, printCountdown, printMoment, printUtc } from "../facts/print-time.ts";
import { el, put, say } from "./element.ts";

/** How a moment is written: what is left of it, how long ago it was, or its time of day. */
export type MomentStyle = "countdown" | "age" | "clock";

/** A time that keeps itself right, with the UTC time in its title. */
export function moment(style: MomentStyle): HTMLTimeElement {
  return el("time", { "data-style": style });
}

/** Sets what a moment tells (epoch ms); without one it shows a dash. */
export function setMoment(element: HTMLTimeElement, time: number | null, now: number): void {
  put(element, "data-at", time === null ? null : String(time));
  put(element, "datetime", time === null ? null : new Date(time).toISOString());
  put(element, "title", time === null ? null : printUtc(time));
  say(element, time === null ? "–" : textOf(element, time, now));
}

/** Writes every moment on the page anew. */
export function tick(now: number): void {
  for (const element of document.querySelectorAll<HTMLTimeElement>("time[data-at]")) {
    say(element, textOf(element, Number(element.dataset["at"]), now));
  }
}

function textOf({ dataset }: HTMLTimeElement, time: number, now: number): string {
  switch (dataset["style"] as MomentStyle) {
    case "countdown":
      return time > now ? printCountdown(time - now) : "over";
    case "age":
      return printAge(now - time);
    case "clock":
      return printMoment(time, now);
  }
}
