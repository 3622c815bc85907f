import { TRAITS } from "../../../core/errors.ts";

/** One alert, as Prometheus writes it; `for` is how long it has to hold. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly severity: "none" | "warning" | "critical";
  readonly summary: string;
  readonly description: string;
  /** What to type first. */
  readonly runbook: string;
}

/** The verdicts on a run that no retry mends: a person or an administrator has to act. */
const NOT_SIGNED_IN = Object.entries(TRAITS)
  .filter(([code, { exit }]) => exit === 77 || code === "no_credential")
  .map(([code]) => code)
  .join("|");

const DAY = 86_400;
const LEFT = "pilotlight_login_end_timestamp_seconds - time()";
const LOGIN = "login {{ $labels.login }} on {{ $labels.instance }}";
const SIGN_IN = "As the login's user: pilotlight login";

export const ALERT_RULES: readonly AlertRule[] = [
  {
    alert: "PilotlightLoginDown",
    expr: 'pilotlight_login_health{health="down"} == 1',
    for: "5m",
    severity: "critical",
    summary: `The ${LOGIN} is down`,
    description: "A job that started now would fail, and Pilotlight cannot mend it by itself.",
    runbook: "As the login's user: pilotlight status; it names the one next step",
  },
  {
    alert: "PilotlightLoginEndsWithin7Days",
    expr: `${LEFT} < ${7 * DAY} >= ${3 * DAY}`,
    for: "10m",
    severity: "warning",
    summary: `The ${LOGIN} ends in {{ $value | humanizeDuration }}`,
    description: "Nothing is broken yet. Only a person renews a login: sign in, in the daytime.",
    runbook: SIGN_IN,
  },
  {
    alert: "PilotlightLoginEndsWithin3Days",
    expr: `${LEFT} < ${3 * DAY} >= ${DAY}`,
    for: "10m",
    severity: "warning",
    summary: `The ${LOGIN} ends in {{ $value | humanizeDuration }}`,
    description: "Before a weekend, this is the last working day. Only a person renews a login.",
    runbook: SIGN_IN,
  },
  {
    alert: "PilotlightLoginEndsWithin1Day",
    expr: `${LEFT} < ${DAY}`,
    for: "0m",
    severity: "critical",
    summary: `The ${LOGIN} ends within a day, or should have ended`,
    description: "Every job fails from then on, until a person has signed in.",
    runbook: SIGN_IN,
  },
  {
    alert: "PilotlightRefreshFailing",
    expr: "pilotlight_login_failures > 0",
    for: "1h",
    severity: "warning",
    summary: `The ${LOGIN} could not be renewed for an hour`,
    description: "{{ $value }} attempts failed in a row. Jobs go on until the access token ends.",
    runbook: "As the login's user: pilotlight doctor --online; pilotlight history --since 3h",
  },
  {
    alert: "PilotlightAccessTokenNotRenewed",
    expr: `pilotlight_access_token_expiry_timestamp_seconds - time() < 600
unless on (job, instance, login) pilotlight_login_phase{phase="static"} == 1`,
    for: "5m",
    severity: "critical",
    summary: `The access token of the ${LOGIN} ends and was not renewed`,
    description: "It should have been renewed hours ago: {{ $value | humanizeDuration }} are left.",
    runbook: "As the login's user: pilotlight refresh; it says what stands in the way",
  },
  {
    alert: "PilotlightLoginInDoubt",
    expr: "pilotlight_login_in_doubt == 1",
    for: "15m",
    severity: "warning",
    summary: `A refresh of the ${LOGIN} was sent, and its answer never came`,
    description: "Jobs go on until the access token ends; then one more try is made, or sign in.",
    runbook: "As the login's user: pilotlight status; pilotlight doctor --fix",
  },
  {
    alert: "PilotlightLoginNotLookedAt",
    expr: "time() - pilotlight_login_last_look_timestamp_seconds > 900",
    for: "5m",
    severity: "warning",
    summary: `Nobody has looked at the ${LOGIN} for {{ $value | humanizeDuration }}`,
    description: "The keeper lives; this login waits for something: a lock, a disk, a mount.",
    runbook: "As the login's user: pilotlight doctor",
  },
  {
    alert: "PilotlightPayerChanged",
    expr: "increase(pilotlight_payer_changes_total[1h]) > 0",
    for: "0m",
    severity: "warning",
    summary: "Somebody else pays for Claude Code on {{ $labels.instance }}",
    description: "A key came up that wins over the login, or went away.",
    runbook: "As the jobs' user: pilotlight explain",
  },
  {
    alert: "PilotlightKeeperAbsent",
    expr: "absent(pilotlight_build_info)",
    for: "10m",
    severity: "critical",
    summary: "No keeper tells anything",
    description: "No login is renewed, unless by the jobs themselves.",
    runbook: "systemctl --user status pilotlight; journalctl --user -u pilotlight",
  },
  {
    alert: "PilotlightKeeperDown",
    expr: 'up{job="pilotlight"} == 0',
    for: "10m",
    severity: "critical",
    summary: "The keeper on {{ $labels.instance }} does not answer",
    description: "Its logins are not renewed, unless by the jobs themselves.",
    runbook: "systemctl --user status pilotlight; journalctl --user -u pilotlight",
  },
  {
    alert: "PilotlightKeeperStuck",
    expr: "time() - pilotlight_keeper_last_tick_timestamp_seconds > 300",
    for: "2m",
    severity: "critical",
    summary: "The keeper on {{ $labels.instance }} answers and does nothing",
    description:
      "Its last round was {{ $value | humanizeDuration }} ago; a refresh takes 150 s at most.",
    runbook: "systemctl --user restart pilotlight; it waits for a refresh under way",
  },
  {
    alert: "PilotlightRunsNotSignedIn",
    expr: `sum by (job, instance) (increase(pilotlight_child_runs_total{verdict=~"${NOT_SIGNED_IN}"}[1h])) > 0`,
    for: "0m",
    severity: "critical",
    summary: "Jobs on {{ $labels.instance }} fail for their login",
    description: "What they needed, neither a refresh nor a second try could give.",
    runbook: "As the jobs' user: pilotlight history --since 3h; pilotlight status",
  },
  {
    alert: "PilotlightRunsSilent",
    expr: 'increase(pilotlight_child_runs_total{verdict="silent_exit"}[1h]) > 0',
    for: "0m",
    severity: "warning",
    summary: "Jobs on {{ $labels.instance }} end with 0 and with nothing done",
    description: "Claude Code ended well and said nothing, and no session file shows a result.",
    runbook: "pilotlight help silent_exit",
  },
  {
    alert: "PilotlightWatchdog",
    expr: "vector(1)",
    for: "0m",
    severity: "none",
    summary: "Alerting works",
    description: "Always fires. Tell somebody when it is not heard: then no alert would be.",
    runbook: "Look at Prometheus and Alertmanager, not at Pilotlight",
  },
];
