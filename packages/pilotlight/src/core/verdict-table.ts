import type { VerdictRow } from "./verdict-row.ts";
import { REFRESH_ROWS } from "./verdicts/refresh-rows.ts";
import { RUN_CREDENTIALS } from "./verdicts/run-credentials.ts";
import { RUN_ENDS } from "./verdicts/run-ends.ts";
import { RUN_LIMITS } from "./verdicts/run-limits.ts";
import { RUN_REFUSALS } from "./verdicts/run-refusals.ts";
import { RUN_SERVICES } from "./verdicts/run-services.ts";
import { STORE_ROWS } from "./verdicts/store-rows.ts";

/**
 * How Claude Code's own failure messages begin. Where nothing but text tells of a failure, the whole of
 * it must begin so: a model's answer may talk about a 401 as well.
 */
export const FAILURE_OPENINGS: readonly string[] = [
  "API Error\\b",
  "Failed to (authenticate|refresh OAuth token)",
  "Could not (refresh your login|resolve authentication method)",
  "(Not logged in|Login expired|Please run /login)\\b",
  "OAuth (session|token|access token|refresh token|authentication|error)\\b",
  "Invalid (API key|auth token|bearer token|authentication credentials|x-api-key|request header)",
  "API key is invalid",
  "You've hit your\\b",
  "(Claude AI )?usage limit reached",
  "Your (organization|account|ANTHROPIC_API_KEY|apiKeyHelper)\\b",
  "This (organization|credential)\\b",
  "Claude Code can't use your Claude subscription",
  "Claude configuration file at ",
  "Couldn't log in: ",
  "That doesn't look like the full code",
  "Credit balance is too low",
  "There's an issue with the selected model",
  "apiKeyHelper failed",
  "Anthropic profile login expired",
  "Error: Reached max ",
  "(Request not allowed|Request rejected|Repeated 529|Overloaded|Unable to connect)\\b",
  '(4(01|03|29) )?\\{"type":"error"',
  "<!DOCTYPE html|<html",
];

/**
 * How a run of Claude Code can end: the first row that matches wins, and the last one matches
 * everything. The order is the meaning: a limit is never taken for a rejected token, a page of an edge
 * network never for the end of a login.
 */
export const RUN_ROWS: readonly VerdictRow[] = [
  ...RUN_LIMITS,
  ...RUN_REFUSALS,
  ...RUN_SERVICES,
  ...RUN_CREDENTIALS,
  ...RUN_ENDS,
];

/** The one place that decides what evidence means: of runs, of refreshes, of stores. */
export const VERDICT_TABLE: readonly VerdictRow[] = [...RUN_ROWS, ...REFRESH_ROWS, ...STORE_ROWS];
