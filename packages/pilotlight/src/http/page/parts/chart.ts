import uPlot from "uplot";
import type { Tally } from "../facts/tallies.ts";
import { el, put, say } from "./element.ts";

export interface Chart<Data> {
  readonly element: HTMLElement;
  set(data: Data, range: readonly [number, number]): void;
}

/** One line of a legend, and how it is drawn: a variable of the style sheet. */
interface Mark {
  readonly name: string;
  readonly colour: string;
}

const HEIGHT = 170;

/** Points in time: when (epoch s), and how long it took (s). */
export function pointChart(title: string, name: string): Chart<[number[], number[]]> {
  const { element, draw } = chart(title);
  return {
    element,
    set(data, range) {
      const [, seconds] = data;
      const middle = seconds.toSorted((a, b) => a - b)[Math.floor(seconds.length / 2)];
      const told =
        middle === undefined
          ? "No renewal in this time."
          : `${seconds.length} renewals, half of them within ${middle.toFixed(1)} s, the slowest ${Math.max(...seconds).toFixed(1)} s.`;
      draw(
        { data, range, told, isEmpty: seconds.length === 0, marks: [{ name, colour: "--ok" }] },
        (marks) => [
          {
            label: name,
            stroke: marks[0] ?? "",
            paths: () => null,
            points: { show: true, size: 7, width: 2, fill: colourOf("--paper") },
          },
        ],
      );
    },
  };
}

/** Bars on each other, a colour for each name. */
export function barChart(title: string, none: string): Chart<Tally> {
  const { element, draw } = chart(title);
  return {
    element,
    set({ times, series, total }, range) {
      const marks = series.map(({ name }, index) => ({
        name: name.replaceAll("_", " "),
        colour: colourFor(name, index),
      }));
      const sums = series.map(
        ({ name, counts }) =>
          `${name.replaceAll("_", " ")} ${counts.reduce((sum, count) => sum + count, 0)}`,
      );
      const told = total === 0 ? none : `${sums.join(", ")}.`;
      // The tallest is drawn first, and those that it contains over it.
      const heights = series.map((_, from) =>
        times.map((_, at) =>
          series.slice(0, from + 1).reduce((sum, { counts }) => sum + (counts[at] ?? 0), 0),
        ),
      );
      const order = series.map((_, index) => index).toReversed();
      const data = [[...times], ...order.map((index) => heights[index] ?? [])] as uPlot.AlignedData;
      const paths = uPlot.paths.bars?.({ size: [0.7, 22], radius: 0.15, align: 1 });
      draw({ data, range, told, isEmpty: total === 0, marks }, (colours) =>
        order.map((index) => ({
          label: marks[index]?.name ?? "",
          fill: colours[index] ?? "",
          stroke: colours[index] ?? "",
          width: 0,
          points: { show: false },
          ...(paths !== undefined && { paths }),
        })),
      );
    },
  };
}

interface Drawing {
  readonly data: uPlot.AlignedData;
  /** Epoch s. */
  readonly range: readonly [number, number];
  /** The same in words. */
  readonly told: string;
  readonly isEmpty: boolean;
  readonly marks: readonly Mark[];
}

type SeriesOf = (colours: readonly string[]) => uPlot.Series[];

/** A figure that is drawn anew with new data, another width or another scheme of colours. */
function chart(title: string) {
  const box = el("div", { class: "plot", role: "img" });
  const words = el("p", { class: "quiet" });
  const legend = el("ul", { class: "legend" });
  const element = el("figure", {}, el("figcaption", {}, title), box, legend, words);
  let latest: (() => void) | undefined;
  let plot: uPlot | undefined;
  let width = 0;
  const draw = ({ data, range, told, isEmpty, marks }: Drawing, seriesOf: SeriesOf) => {
    latest = () => {
      plot?.destroy();
      plot = undefined;
      width = element.clientWidth;
      put(box, "aria-label", `${title}: ${told}`);
      say(words, told);
      legend.replaceChildren(
        ...marks.map(({ name, colour }) => el("li", { "data-colour": colour }, name)),
      );
      legend.hidden = isEmpty || marks.length < 2;
      box.hidden = isEmpty;
      if (isEmpty || box.clientWidth === 0) return;
      const series = seriesOf(marks.map(({ colour }) => colourOf(colour)));
      plot = new uPlot(optionsOf(box.clientWidth, range, series), data, box);
    };
    latest();
  };
  new ResizeObserver(() => {
    if (element.clientWidth !== width) latest?.();
  }).observe(element);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => latest?.());
  return { element, draw };
}

function optionsOf(
  width: number,
  range: readonly [number, number],
  series: uPlot.Series[],
): uPlot.Options {
  const [font, colour] = ["12px system-ui, sans-serif", colourOf("--quiet")];
  const lines = { stroke: colourOf("--line"), width: 1 };
  const day = range[1] - range[0] > 2 * 86_400;
  const form = new Intl.DateTimeFormat(
    undefined,
    day ? { day: "numeric", month: "short" } : { hour: "2-digit", minute: "2-digit" },
  );
  const side = {
    stroke: colour,
    font,
    grid: lines,
    ticks: { show: false },
    border: { show: false },
  };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 22, 0, 0],
    scales: {
      x: { time: true, range: [range[0], range[1]] },
      y: { range: (_, __, max) => [0, Math.max(max * 1.1, 1)] },
    },
    axes: [
      {
        ...side,
        grid: { show: false },
        space: 64,
        size: 26,
        values: (_, times) => times.map((time) => form.format(time * 1000)),
      },
      {
        ...side,
        size: 38,
        space: 34,
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000],
      },
    ],
    series: [{}, ...series],
  };
}

function colourFor(name: string, index: number): string {
  if (name === "ok" || name === "renewed") return "--ok";
  return name === "failed" ? "--down" : `--series-${index}`;
}

function colourOf(variable: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
}
