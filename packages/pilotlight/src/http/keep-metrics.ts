import { readdirSync } from "node:fs";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { ErrorCode } from "../core/errors.ts";
import type { Billing } from "../core/explanation.ts";
import type { KeptLogin } from "../core/kept-login.ts";
import type { Driver } from "../core/ports.ts";
import { type GaugeKey, METRICS, type MetricRow } from "./keep-metrics-table.ts";
import { loginSamples, payerSamples, type Sample, secondsOf } from "./keep-samples.ts";

/** Where gauges come from when somebody asks: all from memory. Times are epoch ms. */
export interface MetricsSource {
  readonly version: string;
  now(): number;
  isTicking(): boolean;
  lastTickAt(): number | null;
  logins(): readonly KeptLogin[];
  /** `null` while nobody knows who pays. */
  billing(): Billing | null;
}

interface RefreshAttempt {
  readonly login: string;
  readonly driver: Driver;
  readonly code: "refreshed" | "adopted" | "unchanged" | ErrorCode;
  /** ms */
  readonly duration: number;
}

/** What a keeper shows Prometheus. */
export interface KeepMetrics {
  refreshAttempted(attempt: RefreshAttempt): void;
  /** @param ms until the locks were held, or patience ended */
  lockWaited(ms: number): void;
  /** @param verdict `ok`, or an error code */
  childRan(verdict: "ok" | ErrorCode): void;
  payerChanged(): void;
  /** Prometheus text format 0.0.4. */
  print(): Promise<string>;
}

export function keepMetrics(source: MetricsSource): KeepMetrics {
  const registry = new Registry();
  const gauges = new Map<GaugeKey, Gauge>();
  for (const [key, row] of Object.entries(METRICS.gauges)) {
    gauges.set(key as GaugeKey, new Gauge(configurationOf(row, registry)));
  }
  const counter = (row: Omit<MetricRow, "type">) => new Counter(configurationOf(row, registry));
  const histogram = (row: Omit<MetricRow, "type">) => new Histogram(configurationOf(row, registry));
  const { counters, histograms } = METRICS;
  const cpu = counter(counters.cpu);
  const payerChanges = counter(counters.payerChanges);
  const attempts = counter(counters.attempts);
  const childRuns = counter(counters.childRuns);
  const durations = histogram(histograms.refresh);
  const lockWaits = histogram(histograms.lockWait);
  return {
    refreshAttempted({ duration, ...labels }) {
      attempts.inc(labels);
      durations.observe({ driver: labels.driver }, duration / 1000);
    },
    lockWaited: (ms) => lockWaits.observe(ms / 1000),
    childRan: (verdict) => childRuns.inc({ verdict }),
    payerChanged: () => payerChanges.inc(),
    print() {
      // All at once, without a pause: nobody sees half of it.
      show(samplesOf(source), gauges);
      const { user, system } = process.cpuUsage();
      cpu.reset();
      cpu.inc((user + system) / 1e6);
      return registry.metrics();
    },
  };
}

function configurationOf(
  { name, help, labels, buckets }: Omit<MetricRow, "type">,
  registry: Registry,
) {
  return {
    name,
    help,
    labelNames: [...labels],
    ...(buckets !== undefined && { buckets: [...buckets] }),
    registers: [registry],
  };
}

function show(samples: readonly Sample[], gauges: ReadonlyMap<GaugeKey, Gauge>): void {
  for (const [key, gauge] of gauges) {
    gauge.reset();
    // The reset sets one without labels to 0, which would be a value.
    if (METRICS.gauges[key].labels.length === 0) gauge.remove();
  }
  for (const { key, labels, value } of samples) {
    if (value !== null && Number.isFinite(value)) gauges.get(key)?.set(labels, value);
  }
}

function samplesOf(source: MetricsSource): readonly Sample[] {
  const now = source.now();
  const one = (key: GaugeKey, value: number | null, labels = {}): Sample => ({
    key,
    labels,
    value,
  });
  return [
    one("buildInfo", 1, { version: source.version, node: process.version }),
    one("ticking", Number(source.isTicking())),
    one("lastTick", secondsOf(source.lastTickAt())),
    one("residentMemory", process.memoryUsage.rss()),
    one("openFds", openFds()),
    ...payerSamples(source.billing()),
    ...source.logins().flatMap((kept) => loginSamples(kept, now)),
  ];
}

/** `null` where the system does not tell. */
function openFds(): number | null {
  try {
    // One is that of the folder itself.
    return readdirSync("/proc/self/fd").length - 1;
  } catch {
    return null;
  }
}
