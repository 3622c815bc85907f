import { type KeepMetrics, keepMetrics } from "../../http/keep-metrics.ts";
import { VERSION } from "../version.ts";
import type { KeepSession } from "./keep-session.ts";

/** The metrics of a daemon, whichever session it is in. */
export function metricsOf(session: () => KeepSession): KeepMetrics {
  return keepMetrics({
    version: VERSION,
    now: () => Date.now(),
    isTicking: () => session().keeper.isTicking(),
    lastTickAt: () => session().keeper.lastTurnAt(),
    logins: () => session().keeper.logins(),
    billing: () => session().billing(),
    channels: () => session().channels(),
  });
}
