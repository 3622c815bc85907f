import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { fingerprintOf } from "../../../src/claude/fingerprint.ts";
import type { Finished } from "./pilotlight-process.ts";
import type { Scene } from "./scene.ts";

/** What `refresh --json` says (`pilotlight.refresh/v1`), as far as the tests look at it. */
export interface Report {
  readonly outcome: string;
  readonly reason: string | null;
  readonly driver: string;
  readonly fromFingerprint: string | null;
  readonly toFingerprint: string | null;
}

export function reportOf({ code, stdout, stderr }: Finished): Report {
  const [line = ""] = stdout.split("\n");
  if (line === "") throw new Error(`no report; exit ${code}, stderr: ${stderr}`);
  return JSON.parse(line) as Report;
}

/** The exit status and the report's outcome and reason, for one look at a failure. */
export function endOf(finished: Finished): readonly [number | null, string, string | null] {
  const { outcome, reason } = reportOf(finished);
  return [finished.code, outcome, reason];
}

/** Fingerprints of the pair in the credential file. */
export function livePair(scene: Scene) {
  const { accessToken, refreshToken } = scene.document().claudeAiOauth;
  return { accessToken: fingerprintOf(accessToken), refreshToken: fingerprintOf(refreshToken) };
}

/** Expects the file to hold the very pair that the server holds for current and alive. */
export function expectLivingPair(scene: Scene): void {
  const living = scene.sandbox
    .logins()
    .filter(({ state, access }) => state === "live" && access === "live")
    .map(({ accessToken, refreshToken }) => ({ accessToken, refreshToken }));
  expect(living).toContainEqual(livePair(scene));
}

/** Expects that nothing is open any more: no journal, and no token in the stage or the spill. */
export function expectSettled({ state, stage }: Scene): void {
  const left = [
    join(state, "journal", "default.json"),
    join(state, "journal", "default.spill.json"),
    join(stage, ".credentials.json"),
  ];
  expect(left.filter((path) => existsSync(path))).toEqual([]);
}

/** The refresh tokens that reached the token endpoint, by fingerprint, in order. */
export function sentTokens({ sandbox }: Scene): (string | null)[] {
  return sandbox.tokenPosts().map(({ fingerprints }) => fingerprints.refreshToken);
}

/** Waits until a grant has reached the token endpoint. */
export function grantInFlight({ sandbox }: Scene, posts = 1): Promise<void> {
  return until("a grant at the token endpoint", () => sandbox.tokenPosts().length >= posts);
}

/** Looks every few ms. @throws Error after a minute. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  const end = performance.now() + 60_000;
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`waited a minute for ${what}`);
    await sleep(3);
  }
}
