import type { LaneShape } from "../facts/lane-shape.ts";
import { put, svg } from "./element.ts";

/** The part of time that lanes show, and how wide it is drawn. */
export interface LaneScale {
  /** Epoch ms. */
  readonly from: number;
  readonly to: number;
  readonly now: number;
  /** Pixels. */
  readonly width: number;
}

const HEIGHT = 40;
const TRACK = 15;
const JOBS = 32;

/** What is drawn, the hindmost first; each is one path, however much happened. */
const LAYERS = [
  "track",
  "life",
  "ahead",
  "gap",
  "job",
  "renewal-rim",
  "renewal",
  "next",
  "now",
  "end",
  "failed-job",
  "failure-rim",
  "failure",
] as const;
type Layer = (typeof LAYERS)[number];

export interface Lane {
  readonly element: SVGSVGElement;
  draw(shape: LaneShape, scale: LaneScale, label: string): void;
}

/** One login on the time line. */
export function lane(): Lane {
  const paths = new Map(LAYERS.map((layer) => [layer, svg("path", { class: layer })]));
  const element = svg("svg", { class: "lane", role: "img", height: String(HEIGHT) });
  element.append(...paths.values());
  return {
    element,
    draw(shape, scale, label) {
      put(element, "viewBox", `0 0 ${scale.width} ${HEIGHT}`);
      put(element, "aria-label", label);
      const drawn = pathsOf(shape, scale);
      for (const [layer, path] of paths) put(path, "d", drawn[layer]);
    },
  };
}

function pathsOf(shape: LaneShape, { from, to, now, width }: LaneScale): Record<Layer, string> {
  const x = (time: number) => Math.round(((time - from) / (to - from)) * width * 10) / 10;
  const isSeen = (time: number) => time >= from && time <= to;
  const bar = ([begin, end]: readonly [number, number]) => {
    if (end <= from || begin >= to) return "";
    return `M${x(Math.max(begin, from))} ${TRACK}H${x(Math.min(end, to))}`;
  };
  const each = (times: readonly number[], draw: (at: number) => string, apart = 0) =>
    thinned(times.filter(isSeen).map(x), apart).map(draw).join("");
  const one = (time: number | null, draw: (at: number) => string) =>
    each(time === null ? [] : [time], draw);
  const dot = (at: number) => `M${at} ${TRACK}h.01`;
  const cross = (at: number) => `M${at - 4} ${TRACK - 4}l8 8m0-8l-8 8`;
  return {
    track: `M0 ${TRACK}H${width}`,
    life: shape.lives.map(bar).join(""),
    ahead: shape.ahead === null ? "" : bar(shape.ahead),
    gap: shape.gaps.map(bar).join(""),
    job: each(shape.jobs, (at) => `M${at} ${JOBS - 3}v6`, 2),
    "renewal-rim": each(shape.renewals, dot, 9),
    renewal: each(shape.renewals, dot, 9),
    next: one(shape.nextAttempt, (at) => `M${at - 4} ${TRACK}a4 4 0 1 0 8 0a4 4 0 1 0-8 0`),
    now: `M${x(now)} 2V${HEIGHT - 2}`,
    end: one(shape.loginEnd, (at) => `M${at} ${HEIGHT - 2}V2h-9v7h9`),
    "failed-job": each(shape.failedJobs, (at) => `M${at - 3} ${JOBS - 3}l6 6m0-6l-6 6`, 3),
    "failure-rim": each(shape.failures, cross, 4),
    failure: each(shape.failures, cross, 4),
  };
}

/** Leaves out what would be drawn over the one before. @param apart pixels */
function thinned(places: readonly number[], apart: number): readonly number[] {
  let last = -Infinity;
  return places.filter((at) => {
    if (at - last < apart) return false;
    last = at;
    return true;
  });
}
