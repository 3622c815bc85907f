import { ALERT_RULES } from "./alert-rules.ts";

/** One keeper with one login: which alerts fire when what is said of it is this. */
interface RuleCase {
  readonly name: string;
  /** Over what a healthy keeper tells; `null` for what it does not tell. */
  readonly series: Readonly<Record<string, string | null>>;
  /** The alerts that fire at a time, besides the one that always does. */
  readonly at: Readonly<Record<string, readonly string[]>>;
}

const KEEPER = '{job="pilotlight", instance="host:7450"}';
const of = (labels: string) => `{job="pilotlight", instance="host:7450", login="bot"${labels}}`;
const run = (verdict: string) =>
  `pilotlight_child_runs_total{job="pilotlight", instance="host:7450", verdict="${verdict}"}`;

const BUILD = `pilotlight_build_info${KEEPER}`;
const UP = `up${KEEPER}`;
const TICK = `pilotlight_keeper_last_tick_timestamp_seconds${KEEPER}`;
const PAYER_CHANGES = `pilotlight_payer_changes_total${KEEPER}`;
const DOWN = `pilotlight_login_health${of(', health="down"')}`;
const STATIC = `pilotlight_login_phase${of(', phase="static"')}`;
const EXPIRY = `pilotlight_access_token_expiry_timestamp_seconds${of("")}`;
const END = `pilotlight_login_end_timestamp_seconds${of("")}`;
const LOOK = `pilotlight_login_last_look_timestamp_seconds${of("")}`;
const FAILURES = `pilotlight_login_failures${of("")}`;
const IN_DOUBT = `pilotlight_login_in_doubt${of("")}`;

/** Two hours of a keeper that does well, a value a minute; the clock begins at 0. */
const HEALTHY: Readonly<Record<string, string>> = {
  [BUILD]: "1x120",
  [UP]: "1x120",
  [TICK]: "0+60x120",
  [DOWN]: "0x120",
  [STATIC]: "0x120",
  [EXPIRY]: "28800x120",
  [END]: "2592000x120",
  [LOOK]: "0+60x120",
  [FAILURES]: "0x120",
  [IN_DOUBT]: "0x120",
  [PAYER_CHANGES]: "0x120",
  [run("ok")]: "0+1x120",
  [run("auth_rejected")]: "0x120",
  [run("silent_exit")]: "0x120",
};

const DAY = 86_400;

const CASES: readonly RuleCase[] = [
  { name: "all is well", series: {}, at: { "4m": [], "90m": [] } },
  {
    name: "a login is down",
    series: { [DOWN]: "1x120" },
    at: { "4m": [], "6m": ["PilotlightLoginDown"] },
  },
  {
    name: "a login ends within 7 days",
    series: { [END]: `${7 * DAY + 30 * 60}x120` },
    at: { "40m": [], "42m": ["PilotlightLoginEndsWithin7Days"] },
  },
  {
    name: "a login ends within 3 days",
    series: { [END]: `${3 * DAY + 30 * 60}x120` },
    at: {
      "29m": ["PilotlightLoginEndsWithin7Days"],
      "42m": ["PilotlightLoginEndsWithin3Days"],
    },
  },
  {
    name: "a login ends within a day",
    series: { [END]: `${DAY + 30 * 60}x120` },
    at: {
      "29m": ["PilotlightLoginEndsWithin3Days"],
      "31m": ["PilotlightLoginEndsWithin1Day"],
    },
  },
  {
    name: "a login should have ended",
    series: { [END]: "60x120" },
    at: { "10m": ["PilotlightLoginEndsWithin1Day"] },
  },
  {
    name: "a refresh fails on and on",
    series: { [FAILURES]: "0x9 1+0x120" },
    at: { "68m": [], "72m": ["PilotlightRefreshFailing"] },
  },
  {
    name: "an access token ends unrenewed",
    series: { [EXPIRY]: "3600x120" },
    at: { "54m": [], "57m": ["PilotlightAccessTokenNotRenewed"] },
  },
  {
    name: "a token that nobody renews ends",
    series: { [EXPIRY]: "3600x120", [STATIC]: "1x120" },
    at: { "57m": [] },
  },
  {
    name: "a refresh is in doubt",
    series: { [IN_DOUBT]: "1x120" },
    at: { "14m": [], "16m": ["PilotlightLoginInDoubt"] },
  },
  {
    name: "nobody looks at a login",
    series: { [LOOK]: "0x120" },
    at: { "15m": [], "22m": ["PilotlightLoginNotLookedAt"] },
  },
  {
    name: "somebody else pays",
    series: { [PAYER_CHANGES]: "0x9 1+0x120" },
    at: { "9m": [], "11m": ["PilotlightPayerChanged"], "75m": [] },
  },
  {
    name: "no keeper is there",
    series: { [BUILD]: null },
    at: { "9m": [], "11m": ["PilotlightKeeperAbsent"] },
  },
  {
    name: "a keeper does not answer",
    series: { [UP]: "0x120" },
    at: { "9m": [], "11m": ["PilotlightKeeperDown"] },
  },
  {
    name: "a keeper is stuck",
    series: { [TICK]: "0x120" },
    at: { "7m": [], "9m": ["PilotlightKeeperStuck"] },
  },
  {
    name: "a job is not signed in",
    series: { [run("auth_rejected")]: "0x9 1+0x120" },
    at: { "9m": [], "11m": ["PilotlightRunsNotSignedIn"], "75m": [] },
  },
  {
    name: "a job ends in silence",
    series: { [run("silent_exit")]: "0x9 1+0x120" },
    at: { "9m": [], "11m": ["PilotlightRunsSilent"], "75m": [] },
  },
  {
    name: "a job fails of something that passes",
    series: { [run("usage_limit")]: "0x9 1+0x120" },
    at: { "11m": [] },
  },
];

/** A file for `promtool test rules`: at each time, these alerts fire and no others. */
export const RULE_TESTS = `\
# What promtool proves of pilotlight-rules.yml, which lies beside this file: ${ALERT_RULES.length} alerts.
rule_files:
  - pilotlight-rules.yml
evaluation_interval: 1m
tests:
${CASES.map(printCase).join("")}`;

function printCase({ name, series, at }: RuleCase): string {
  const told = Object.entries({ ...HEALTHY, ...series }).flatMap(([key, values]) =>
    values === null ? [] : [`      - series: ${JSON.stringify(key)}\n        values: ${values}\n`],
  );
  const checks = Object.entries(at).map(([time, alerts]) => printCheck(time, alerts));
  return `\
  - name: ${name}
    interval: 1m
    input_series:
${told.join("")}\
    promql_expr_test:
${checks.join("")}`;
}

function printCheck(time: string, alerts: readonly string[]): string {
  const samples = [...alerts, "PilotlightWatchdog"].map(
    (alert) => `          - labels: '{alertname="${alert}"}'\n            value: 1\n`,
  );
  return `\
      - expr: count by (alertname) (ALERTS{alertstate="firing"})
        eval_time: ${time}
        exp_samples:
${samples.join("")}`;
}
