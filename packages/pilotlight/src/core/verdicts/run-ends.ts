import type { VerdictRow } from "../verdict-row.ts";
import { PERSON, REJECTED } from "./row-bases.ts";

/** What is left when no text told more: names and numbers, silence, the job's own failures, the unknown. */
export const RUN_ENDS: readonly VerdictRow[] = [
  {
    ...REJECTED,
    id: "expired-login-as-model-error",
    symptom: "An old build blames the model for a login that is over",
    match: [{ text: ["issue with the selected model"], isStoreDead: true }],
    steps: [
      "Use 2.1.206 or newer, which says that the login is over instead of blaming the model.",
    ],
    fm: ["FM-61"],
    until: "2.1.205",
  },
  {
    ...REJECTED,
    id: "auth-rejected",
    symptom: "A job ends with 401 in words that are not known",
    match: [
      { httpStatus: [401] },
      { text: ["API Error: 401\\b", "^401\\b"] },
      { errorType: ["authentication_error"] },
      { category: ["authentication_failed"] },
    ],
    steps: [
      "Nothing, where the job used the stored login: Pilotlight refreshes it and repeats the job once if that is safe.",
      "Where a variable or a helper brought the token, replace that token.",
    ],
    fm: ["FM-01", "FM-02", "FM-08", "FM-54", "FM-56"],
    examples: ["API Error: 401 something new"],
    note: "The server is the authority, in whatever words.",
  },
  {
    ...PERSON,
    id: "silent-exit",
    symptom: "A job ends with 0 and has nothing to show for it",
    code: "silent_exit",
    match: [{ isSilent: true }],
    steps: [
      "Look at the session file of the run and at the prompt: nothing came back.",
      "Let the job's user write to its config directory, and start it once by hand in the same environment.",
    ],
    fm: ["FM-36", "FM-55"],
    note: "2.1.104 does this when its config directory is read-only (measured 2026-11).",
  },
  {
    ...PERSON,
    exit: "child",
    id: "claude-config-corrupt",
    symptom: "A job says that its configuration file is corrupted",
    code: "job_failed",
    match: [{ text: ["Claude configuration file at .* is corrupted"] }],
    steps: [
      "Restore the newest good copy from `backups/` in the config directory, or move `.claude.json` aside: Claude Code makes a new one.",
    ],
    fm: ["FM-32"],
    examples: [
      "Claude configuration file at /home/person/.claude.json is corrupted: Unexpected end of JSON input",
    ],
    note: "The configuration, not the credential: a sign-in does not mend it.",
  },
  {
    ...PERSON,
    exit: "child",
    severity: "info",
    id: "job-failed",
    symptom: "A job fails for a reason of its own",
    code: "job_failed",
    match: [
      { category: ["invalid_request", "model_not_found", "max_output_tokens"] },
      { httpStatus: [400, 404, 413, 422] },
      { terminalReason: ["max_turns", "max_budget"] },
      {
        text: [
          "issue with the selected model",
          "^API Error: 4(00|04|13|22)\\b",
          "^Error: Reached max ",
        ],
      },
    ],
    steps: [
      "Correct the job: its prompt, its model or its limits. No credential would have helped.",
    ],
    fm: ["FM-61"],
    examples: [
      "There's an issue with the selected model (none-such). It may not exist or you may not have access to it. Run --model to pick a different model.",
      "Error: Reached max turns (1)",
    ],
    note: "The job's own: no credential would have made it succeed.",
  },
  {
    ...PERSON,
    exit: "child",
    id: "unknown-failure",
    symptom: "A job fails in words that are not known",
    code: "unknown_failure",
    match: [{}],
    steps: [
      "Read what the run said. If it was about the login, report the text: a row is missing here.",
    ],
    note: "Shown whole, without its tokens; never guessed.",
  },
];
