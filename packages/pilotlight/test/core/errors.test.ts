import { describe, expect, it } from "vitest";
import { type ErrorCode, PilotlightError, TRAITS, traitsOf } from "../../src/core/errors.ts";

/** The exit codes of the command line, as users have them in their scripts: a change here is a breaking one. */
const EXITS: Record<ErrorCode, number> = {
  usage: 64,
  credential_corrupt: 65,
  env_file_corrupt: 65,
  credential_not_a_file: 65,
  no_credential: 66,
  no_api_key: 66,
  credential_unreadable: 66,
  network_unavailable: 69,
  endpoint_unavailable: 69,
  edge_forbidden: 69,
  api_unavailable: 69,
  bug: 70,
  silent_exit: 70,
  cannot_persist: 73,
  output_lost: 73,
  store_read_only: 73,
  lock_busy: 75,
  login_renewed: 75,
  throttled: 75,
  in_doubt: 75,
  refresh_unknown: 75,
  refresh_running: 75,
  usage_limit: 75,
  profile_unusable: 78,
  structured_output_missing: 70,
  timed_out: 75,
  claude_failed: 70,
  overloaded: 75,
  login_ended: 77,
  sign_in_failed: 77,
  code_rejected: 77,
  another_account: 78,
  login_blanked: 77,
  refresh_token_spent: 77,
  not_refreshable: 77,
  auth_rejected: 77,
  organization_forbidden: 77,
  account_problem: 77,
  config_invalid: 78,
  clock_wrong: 78,
  cli_not_found: 78,
  cli_refused: 78,
  endpoint_refused: 78,
  unsupported: 78,
  credential_shadowed: 78,
  wrong_credential: 78,
  gateway_rejected: 78,
  scope_missing: 78,
  helper_failing: 78,
  cannot_isolate: 78,
  nested: 78,
  state_newer: 78,
  state_unreadable: 78,
  service_failed: 78,
};

const CODES = Object.keys(TRAITS) as ErrorCode[];

describe("the table of error codes", () => {
  it("gives every code the exit status it has always had", () => {
    const exits = Object.fromEntries(CODES.map((code) => [code, TRAITS[code].exit]));
    expect(exits).toEqual(EXITS);
  });

  it.each(CODES)("tells in whole sentences what happened and what to do: %s", (code) => {
    const traits = traitsOf(code);
    for (const text of [traits.what, traits.fix]) {
      expect(text.length).toBeGreaterThan(10);
      expect(text).toBe(text.trim());
      expect(text).not.toMatch(/[.!]$/);
    }
  });

  it.each(CODES)("asks somebody to act exactly when trying again cannot help: %s", (code) => {
    const { retryable, mover } = traitsOf(code);
    expect(["person", "admin"].includes(mover)).toBe(!retryable);
  });

  it.each(CODES)("has an HTTP status that agrees with it: %s", (code) => {
    const { http, exit } = traitsOf(code);
    expect(http).toBeGreaterThanOrEqual(400);
    if (exit === 75 || exit === 77) expect([429, 503]).toContain(http);
  });

  it("has commands that can be typed as they stand", () => {
    for (const code of CODES) {
      const { command } = traitsOf(code);
      if (command !== undefined) expect(command).toMatch(/^(claude|pilotlight) [a-z -]+$/);
    }
  });
});

describe("the one error class", () => {
  it("carries its code, its detail and its cause", () => {
    const cause = new Error("ENOSPC");
    const error = new PilotlightError("cannot_persist", "/state is full", { cause });
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe("PilotlightError");
    expect(error.code).toBe("cannot_persist");
    expect(error.message).toBe("/state is full");
    expect(error.cause).toBe(cause);
  });
});
