import { put, svg } from "./element.ts";
import type { LaneScale } from "./lane.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Pixels that a label needs. */
const ROOM = 74;
const STEPS = [1, 2, 3, 6, 12, 24, 48, 96, 168, 336].map((hours) => hours * HOUR);

export interface Axis {
  readonly element: SVGSVGElement;
  draw(scale: LaneScale): void;
}

/** The hours or days over the lanes, in local time. */
export function axis(): Axis {
  const element = svg("svg", { class: "axis", height: "22", "aria-hidden": "true" });
  return {
    element,
    draw(scale) {
      put(element, "viewBox", `0 0 ${scale.width} 22`);
      element.replaceChildren(...labelsOf(scale));
    },
  };
}

function labelsOf({ from, to, now, width }: LaneScale): SVGTextElement[] {
  const step = STEPS.find((one) => ((to - from) / one) * ROOM < width) ?? 28 * DAY;
  const x = (time: number) => ((time - from) / (to - from)) * width;
  const form = new Intl.DateTimeFormat(
    undefined,
    step < DAY ? { hour: "2-digit", minute: "2-digit" } : { day: "numeric", month: "short" },
  );
  const times = [];
  for (let time = midnightBefore(from); time < to; time += step) times.push(time);
  const label = (at: number, text: string, name: string) =>
    svg("text", { x: String(Math.round(at)), y: "15", class: name }, text);
  return [
    ...times
      .filter((time) => {
        const at = x(time);
        return at > 20 && at < width - 20 && Math.abs(at - x(now)) > 46;
      })
      .map((time) => label(x(time), form.format(time), "tick")),
    label(x(now), "now", "tick now-label"),
  ];
}

function midnightBefore(time: number): number {
  return new Date(time).setHours(0, 0, 0, 0);
}
