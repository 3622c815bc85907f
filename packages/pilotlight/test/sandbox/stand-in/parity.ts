import { describe, expect, it } from "vitest";
import type { StandInVersion } from "../../../src/sandbox/stand-in/build-behaviour.ts";
import { claudeTest } from "../../support/claude-test.ts";
import { needs } from "../../support/needs.ts";
import { realClaude, standIn } from "./actors.ts";
import type { Observation } from "./observation.ts";
import { COMMAND_CASES } from "./command-cases.ts";
import { CREDENTIAL_CASES } from "./credential-cases.ts";
import type { ParityCase, Range } from "./parity-case.ts";
import { SERVER_CASES } from "./server-cases.ts";
import { play } from "./play.ts";

const LIMIT = 180_000;
const isEverythingRequired = process.env["PILOTLIGHT_REQUIRE_ALL"] === "1";
const mounts = needs("linux", "root", "unshare");

/** Plays every case of the table with the real build and with the stand-in; a difference fails the test. */
export function testParity(version: StandInVersion): void {
  describe(`the stand-in does as Claude Code ${version} does`, () => {
    for (const parityCase of [...CREDENTIAL_CASES, ...SERVER_CASES, ...COMMAND_CASES]) {
      if (parityCase.builds?.includes(version) ?? true) test(version, parityCase);
    }
  });
}

function test(version: StandInVersion, parityCase: ParityCase): void {
  const { title, slow, readOnly } = parityCase;
  const isVarying = parityCase.varies?.build === undefined || parityCase.varies.build === version;
  const varies = isVarying ? parityCase.varies : undefined;
  if (slow !== undefined && !isEverythingRequired) {
    it.skip(`${version}: ${title} [slow: ${slow}; PILOTLIGHT_REQUIRE_ALL=1]`, () => {});
    return;
  }
  if (readOnly !== undefined && mounts.missing !== null) {
    mounts.it(`${version}: ${title}`, () => {});
    return;
  }
  const body = async () => {
    const [real, ours] = await Promise.all([
      play(parityCase, realClaude(version)),
      play(parityCase, standIn(version)),
    ]);
    for (const seen of [real, ours]) {
      expect(seen.tokenPosts.length).toSatisfy(within(varies?.tokenPosts));
      expect(seen.messages.length).toSatisfy(within(varies?.messages));
    }
    expect(comparable(ours, varies)).toEqual(comparable(real, varies));
  };
  claudeTest(version, title, body, LIMIT);
}

function within(range: Range | undefined): (count: number) => boolean {
  return (count) => range === undefined || (count >= range[0] && count <= range[1]);
}

/** Leaves out of an observation what the case says is not the same in every run: of a count, the kinds remain. */
function comparable(seen: Observation, varies: ParityCase["varies"]): Observation {
  if (varies === undefined) return seen;
  const kinds = (lines: readonly string[]) => [...new Set(lines)];
  return {
    ...seen,
    ...(varies.account && { runs: seen.runs.map(withoutAccount) }),
    ...(varies.tokenPosts && { tokenPosts: kinds(seen.tokenPosts), debug: kinds(seen.debug) }),
    ...(varies.messages && {
      messages: [],
      sessions: [],
    }),
  };
}

function withoutAccount(run: Observation["runs"][number]): unknown {
  return JSON.parse(JSON.stringify(run), (key, value: unknown) =>
    key === "email" || key === "orgId" ? undefined : value,
  );
}
