import type { HistoryRow } from "../../keep-view.ts";
import { latencies, type Span, tallyJobs, tallyOutcomes } from "../facts/tallies.ts";
import { barChart, pointChart } from "./chart.ts";
import { el } from "./element.ts";

export interface ChartRow {
  readonly element: HTMLElement;
  set(rows: readonly HistoryRow[], span: number, now: number): void;
}

const HOUR = 3_600_000;

/** How long renewals take, what they come to, and how jobs end. */
export function chartRow(): ChartRow {
  const latency = pointChart("How long a renewal takes (s)", "renewals");
  const outcomes = barChart("What renewals came to", "No renewal in this time.");
  const jobs = barChart("Jobs by how they ended", "No job in this time.");
  const charts = [latency, outcomes, jobs].map(({ element }) => element);
  return {
    element: el("div", { class: "charts" }, ...charts),
    set(rows, past, now) {
      const step = past <= 24 * HOUR ? HOUR : past <= 168 * HOUR ? 6 * HOUR : 24 * HOUR;
      const span: Span = { from: now - past, to: now, step };
      // Whole spans, so that the last bar is not cut.
      const edge = (time: number) => (Math.floor(time / step) * step) / 1000;
      const range = [edge(span.from), edge(span.to + step)] as const;
      latency.set(latencies(rows, span), range);
      outcomes.set(tallyOutcomes(rows, span), range);
      jobs.set(tallyJobs(rows, span), range);
    },
  };
}
