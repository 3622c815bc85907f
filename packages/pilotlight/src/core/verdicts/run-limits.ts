import type { VerdictRow } from "../verdict-row.ts";
import { WAIT } from "./row-bases.ts";

/** What passes by itself, asked first: a limit must never be taken for a rejected token. */
export const RUN_LIMITS: readonly VerdictRow[] = [
  {
    ...WAIT,
    id: "usage-limit",
    symptom: "A job ends with “You've hit your … limit”",
    code: "usage_limit",
    match: [
      { text: ["hit your .{0,40}\\blimit", "usage limit reached"] },
      { reason: ["usage_limit_reached"] },
      { httpStatus: [429], hasReset: true },
    ],
    steps: [
      "Wait for the reset that the line names, or start jobs with `pilotlight run --wait-for-reset 2h`.",
      "Do not sign in again and do not refresh: the login is good.",
    ],
    fm: ["FM-57"],
    examples: [
      "You've hit your session limit · resets 3:45pm",
      "You've hit your session limit · resets 1:46am (UTC)",
      "You've hit your 5-hour limit · resets 1:18am (UTC)",
      "You've hit your weekly limit · resets 3:45pm",
      "You've hit your Opus limit · resets 3:45pm",
      "Claude AI usage limit reached|1795223931",
    ],
    note: "2.1.104 and 2.1.216 say session limit, 2.1.329 says 5-hour limit and gives the reason (measured 2026-11).",
  },
  {
    ...WAIT,
    id: "api-overloaded",
    symptom: "A job ends with a 429 or 529 that is no usage limit",
    code: "overloaded",
    match: [
      {
        text: [
          "temporarily limiting requests",
          "Request rejected \\(429\\)",
          "API Error: (429|529)\\b",
          "^(429|529) ",
          "\\b(overloaded|rate_limit)_error\\b",
          "^(Repeated 529|Overloaded)",
        ],
      },
      { httpStatus: [429, 529] },
      { category: ["rate_limit", "overloaded"] },
    ],
    steps: [
      "Start the job again in a few minutes; Claude Code has already tried several times.",
      "If it goes on, look at https://status.claude.com and start fewer jobs at once.",
    ],
    fm: ["FM-58", "FM-63"],
    examples: [
      "API Error: Server is temporarily limiting requests (not your usage limit) · Rate limited. Please try again later.",
      "API Error: Request rejected (429) · Rate limited. Please try again later.",
      "API Error: 529 Overloaded. This is a server-side issue, usually temporary — try again in a moment. If it persists, check https://status.claude.com.",
      'API Error: 529 {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_TEST"}',
    ],
    note: "A 429 without a reset is a throttle. Neither kind of 429 is ever an authentication failure.",
  },
  {
    ...WAIT,
    id: "lock-busy",
    symptom: "A job says that another Claude Code is refreshing the login",
    code: "lock_busy",
    match: [{ text: ["another Claude Code process is refreshing it"] }],
    steps: [
      "Wait 75 seconds and start the job again.",
      "If it goes on, look for an orphaned lock with `pilotlight doctor`.",
    ],
    fm: ["FM-09", "FM-16"],
    examples: [
      "Failed to refresh OAuth token: another Claude Code process is refreshing it or exited mid-refresh. This is usually transient; retry in a minute, and if it persists close other Claude Code processes or sign in again",
      "Could not refresh your login because another Claude Code process is refreshing it",
    ],
    note: "2.1.216 says that the token has expired instead; 2.1.104 and 2.1.118 wait and take the lock over (measured 2026-11).",
  },
];
