import { traitsOf } from "../errors.ts";
import type { Alert, AlertCode, AlertKind, Severity } from "./alert.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const SIGN_IN = "pilotlight login";

type Sample = Pick<Alert, "kind" | "severity" | "topic" | "code" | "by" | "command"> & {
  readonly subject: string;
  readonly message: string;
};

function trouble(
  kind: AlertKind,
  code: Parameters<typeof traitsOf>[0],
  severity: Severity,
): Sample {
  const { what, fix, mover, command = null } = traitsOf(code);
  return {
    kind,
    severity,
    topic: "problem",
    code,
    by: mover,
    command,
    subject: what,
    message: `${what}. ${fix}`,
  };
}

const SAMPLES: readonly Sample[] = [
  trouble("trouble", "cannot_persist", "warning"),
  trouble("build_refused", "cli_refused", "warning"),
  trouble("copied_login", "refresh_token_spent", "critical"),
  trouble("in_doubt", "in_doubt", "warning"),
  {
    kind: "login_ends",
    severity: "warning",
    topic: "login_end",
    code: "login_ends_soon",
    by: "person",
    command: SIGN_IN,
    subject: "the login ends in 3 days",
    message:
      "This login ends soon, and only a new sign-in renews it. Until then jobs run as before.",
  },
  trouble("login_ended", "login_ended", "critical"),
  {
    ...trouble("escalation", "login_ended", "critical"),
    subject: `still ${traitsOf("login_ended").what}`,
    message: "Told 4 h 0 min ago, and nothing has changed. A person must sign in again",
  },
  {
    kind: "payer_changed",
    severity: "critical",
    topic: "payer",
    code: "payer_changed",
    by: "person",
    command: "pilotlight explain",
    subject: "jobs are billed to an API key",
    message: "What Claude Code does here was billed to the subscription, and now is to an API key.",
  },
  {
    kind: "recovered",
    severity: "info",
    topic: "problem",
    code: "login_ended",
    by: "nobody",
    command: null,
    subject: "well again",
    message: "Jobs can use it again, after 2 h 5 min (login_ended).",
  },
];

/** One alert of each kind, as it would look now; nothing is wrong. */
export function sampleAlerts(
  {
    login,
    host,
    renewUrl,
  }: { readonly login: string; readonly host: string; readonly renewUrl: string | null },
  now: number,
): readonly Alert[] {
  return SAMPLES.map(({ subject, ...sample }): Alert => {
    const isOver = sample.kind === "recovered";
    const isSignIn = sample.command === SIGN_IN && !isOver;
    const after: AlertCode | null = isOver || sample.kind === "escalation" ? sample.code : null;
    return {
      ...sample,
      opens: !isOver,
      closes: isOver ? ["problem"] : [],
      login,
      host,
      health: sample.severity === "critical" ? "down" : isOver ? "ok" : "degraded",
      after,
      title: `${login} on ${host}: ${subject}`,
      at: now,
      since: now - HOUR,
      renewUrl: isSignIn ? renewUrl : null,
      loginEndsAt: now + 3 * DAY,
      step: sample.kind === "login_ends" ? 3 * DAY : null,
      isTest: true,
    };
  });
}
