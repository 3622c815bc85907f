import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { AskResult, Backend } from "./ask.ts";

/** What an embedding service shows of its asks. */
export interface AskMetrics {
  succeeded(result: AskResult): void;
  failed(backend: Backend, code: string, ms: number): void;
  repeated(code: string): void;
  /** Prometheus text. */
  print(): Promise<string>;
}

/** @param queue how many asks run and wait right now */
export function askMetrics(
  queue: () => { readonly running: number; readonly waiting: number },
): AskMetrics {
  const registry = new Registry();
  const registers = [registry];
  const asks = new Counter({
    name: "pilotlight_asks_total",
    help: "Questions put to Claude, by backend and how they ended (ok, or an error code)",
    labelNames: ["backend", "code"],
    registers,
  });
  const repeats = new Counter({
    name: "pilotlight_ask_repeats_total",
    help: "Questions that were put once more, by the error code before",
    labelNames: ["code"],
    registers,
  });
  const seconds = new Histogram({
    name: "pilotlight_ask_duration_seconds",
    help: "Time from the start of an ask, queue included, to its end",
    labelNames: ["backend"],
    buckets: [0.5, 1, 2, 5, 10, 30, 60, 120, 300, 900],
    registers,
  });
  const tokens = new Counter({
    name: "pilotlight_ask_tokens_total",
    help: "Tokens of answers, by backend and direction",
    labelNames: ["backend", "direction"],
    registers,
  });
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  gauge("pilotlight_asks_running", "Questions that are being answered", () => queue().running);
  gauge("pilotlight_asks_waiting", "Questions in the queue", () => queue().waiting);
  return {
    succeeded({ backend, durationMs, usage }) {
      asks.inc({ backend, code: "ok" });
      seconds.observe({ backend }, durationMs / 1000);
      tokens.inc({ backend, direction: "input" }, usage.inputTokens);
      tokens.inc({ backend, direction: "output" }, usage.outputTokens);
    },
    failed(backend, code, ms) {
      asks.inc({ backend, code });
      seconds.observe({ backend }, ms / 1000);
    },
    repeated: (code) => repeats.inc({ code }),
    print: () => registry.metrics(),
  };
}
