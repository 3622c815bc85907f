import type { StatusReport } from "../../core/status-report.ts";
import { discreet } from "../../core/discreet.ts";

/** The status report with other people's words scrubbed. */
export function statusAnswer(report: StatusReport): StatusReport {
  return {
    ...report,
    logins: report.logins.map((login) => ({
      ...login,
      action: login.action && { ...login.action, message: discreet(login.action.message) },
    })),
  };
}
