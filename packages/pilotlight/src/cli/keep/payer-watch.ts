import type { Effective } from "../../core/status-report.ts";
import type { Chore } from "../../keeper/keep-parts.ts";
import type { Config } from "../config.ts";
import { statusIn } from "../status-report.ts";
import type { KeepMetrics } from "../../http/keep-metrics.ts";
import type { Log } from "./keep-log.ts";

const MINUTE = 60_000;

interface Watched {
  readonly log: Log;
  readonly metrics: Pick<KeepMetrics, "payerChanged">;
  readonly onChange: () => void;
}

/** Looks now and then who would be billed for a job of the first login. */
export function payerWatch(
  config: Config,
  { log, metrics, onChange }: Watched,
): Chore & { effective(): Effective | null } {
  let known: Effective | null = null;
  return {
    every: MINUTE,
    effective: () => known,
    async run() {
      const { report } = await statusIn(config, config.logins.slice(0, 1), Date.now());
      const before = known;
      known = report.effective;
      if (before === null || before.billing === known.billing) return;
      metrics.payerChanged();
      const message = `jobs were billed to ${before.billing} (${before.source}), now to ${known.billing} (${known.source})`;
      log({ level: "warn", code: "credential_shadowed", message });
      onChange();
    },
  };
}
