import { exitOfStatuses } from "../../core/login-status.ts";
import { healthReport } from "../../http/answers/health.ts";
import { traitsOf } from "../../core/errors.ts";
import type { Config } from "../config.ts";
import type { Io } from "../io.ts";
import { keepLog } from "./keep-log.ts";
import { type KeepSession, keepSession } from "./keep-session.ts";
import { keepView, listeners } from "./keep-view.ts";
import { metricsOf } from "./session-metrics.ts";
import { openNotify } from "../notify/open-notify.ts";

/** ms for the alerts of a round; what is not delivered then is tried in the next. */
const TELL_PATIENCE = 30_000;

/**
 * One round of what the daemon does: looks at every login, renews what is due, and says how they are; for a timer.
 * @returns 0 while every login is usable or refreshable and nothing failed, else the code of the worst
 */
export async function keepOnce(
  config: Config,
  { json }: { readonly json?: boolean },
  io: Io,
): Promise<number> {
  const outlets = await openNotify(config);
  const log = await keepLog(config.keep.log, io);
  let session: KeepSession;
  const metrics = metricsOf(() => session);
  session = keepSession(
    config,
    { log, metrics, onChange: () => undefined, isRound: true },
    outlets,
  );
  await session.keeper.settled();
  await session.told(TELL_PATIENCE);
  const logins = session.keeper.logins();
  const report = healthReport(keepView(() => session, metrics, listeners()));
  await session.stop();
  if (json === true) io.out(`${JSON.stringify(report)}\n`);
  const troubles = logins.flatMap(({ trouble }) =>
    trouble === null ? [] : traitsOf(trouble.code).exit,
  );
  return Math.max(exitOfStatuses(session.status().logins), ...troubles);
}
