import { describe, expect, it } from "vitest";
import type { Fault, TokenFaultName } from "../../src/sandbox/fault.ts";
import { type ClaudeBuild, type ClaudeVersion, claudeBuild } from "../support/claude-builds.ts";
import { claudeTest } from "../support/claude-test.ts";
import { endOf, expectLivingPair, expectSettled } from "./support/expectations.ts";
import { openScene, type Scene } from "./support/scene.ts";

const REFRESH = ["refresh", "--json", "--force"];

type End = readonly [exit: number, outcome: string, reason: string];

const UNKNOWN: End = [75, "in_doubt", "refresh_unknown"];
const IN_DOUBT: End = [75, "in_doubt", "in_doubt"];
const THROTTLED: End = [75, "deferred", "throttled"];
const EDGE: End = [69, "deferred", "edge_forbidden"];
const DEAD: End = [77, "dead", "login_ended"];

/** Faults that leave the grant alive, and what 2.1.216 and 2.1.329 can tell of them: they log few reasons. */
const HARMLESS: readonly (readonly [Fault<TokenFaultName>, End])[] = [
  [{ name: "token-429" }, THROTTLED],
  [{ name: "token-429", retryAfter: 30 }, THROTTLED],
  [{ name: "token-500" }, UNKNOWN],
  [{ name: "token-502" }, UNKNOWN],
  [{ name: "token-503-html" }, UNKNOWN],
  [{ name: "token-403-html" }, EDGE],
  [{ name: "token-403-json" }, EDGE],
  [{ name: "token-error-400" }, UNKNOWN],
  [{ name: "token-error-401" }, UNKNOWN],
  [{ name: "token-reset" }, IN_DOUBT],
];

/** Faults that rotate and lose the answer. */
const LOSING: readonly (readonly [Fault<TokenFaultName>, End])[] = [
  [{ name: "token-rotate-then-drop" }, IN_DOUBT],
  [{ name: "token-rotate-then-broken-json" }, UNKNOWN],
];

const IS_FULL = process.env["PILOTLIGHT_REQUIRE_ALL"] === "1";

const NATIVE = ["2.1.329", "2.1.216"] as const;
const ALL = [...NATIVE, "2.1.104"] as const;

/** 2.1.104 tells nothing of any failure, and with a live access token it soon ends. */
function endFor(version: ClaudeVersion, end: End): End {
  return version === "2.1.104" ? UNKNOWN : end;
}

/** The newest build meets every fault; the others, unless all is required, one of each kind that they log or do not log. */
function isRun(version: ClaudeVersion, { name, retryAfter }: Fault): boolean {
  if (version === "2.1.329") return true;
  if (retryAfter !== undefined) return false;
  return IS_FULL || ["token-429", "token-500", "token-403-html", "token-reset"].includes(name);
}

function titleOf({ name, retryAfter }: Fault): string {
  return retryAfter === undefined ? name : `${name} with Retry-After`;
}

async function meet(build: ClaudeBuild, fault: Fault): Promise<{ scene: Scene; before: string }> {
  const scene = await openScene({ build });
  scene.write(scene.sandbox.signIn());
  scene.sandbox.fault(fault);
  return { scene, before: scene.text() };
}

for (const version of ALL) {
  describe(`Claude Code ${version} at a failing token endpoint`, () => {
    for (const [fault, end] of HARMLESS) {
      if (!isRun(version, fault)) continue;
      claudeTest(version, `${titleOf(fault)} costs nothing and is got over`, async (build) => {
        const { scene, before } = await meet(build, fault);
        expect(endOf(await scene.run(REFRESH))).toEqual(endFor(version, end));
        expect(scene.text()).toBe(before);
        scene.sandbox.clearFaults();
        expect(endOf(await scene.run(REFRESH))).toEqual([0, "refreshed", null]);
        expect(scene.sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
        expectLivingPair(scene);
        expectSettled(scene);
      });
    }

    for (const [fault, end] of LOSING) {
      claudeTest(version, `${titleOf(fault)} is a doubt first`, async (build) => {
        const { scene, before } = await meet(build, { ...fault, times: 9 });
        const first = endOf(await scene.run(REFRESH));
        // A CLI that sends the old token a second time by itself hears the truth at once.
        const isTold =
          version !== "2.1.104" && scene.sandbox.tokenPosts().some(({ status }) => status === 400);
        expect(first).toEqual(isTold ? DEAD : endFor(version, end));
        expect(scene.text()).toBe(before);
        scene.sandbox.clearFaults();
        // Only the builds that blank their copy can bring the truth: the grant is gone.
        const truth = version === "2.1.104" ? UNKNOWN : DEAD;
        expect(endOf(await scene.run(REFRESH))).toEqual(truth);
        expect(scene.text()).toBe(before);
      });
    }

    claudeTest(version, "an answer without refresh_token keeps the old one", async (build) => {
      const { scene } = await meet(build, { name: "token-without-refresh-token" });
      const { refreshToken } = scene.document().claudeAiOauth;
      expect(endOf(await scene.run(REFRESH))).toEqual([0, "refreshed", null]);
      expect(scene.document().claudeAiOauth.refreshToken).toBe(refreshToken);
      expectLivingPair(scene);
      scene.sandbox.clearFaults();
      expect(endOf(await scene.run(REFRESH))).toEqual([0, "refreshed", null]);
      expectLivingPair(scene);
    });

    claudeTest(
      version,
      "an answer without scope leaves a pair that lives, or a doubt",
      async (build) => {
        const { scene, before } = await meet(build, { name: "token-without-scope", times: 1 });
        const first = await scene.run(REFRESH);
        if (first.code === 0) return expectLivingPair(scene);
        // The CLI did not store the new pair; some builds then send the old token again and hear the truth.
        expect([75, 77]).toContain(first.code);
        expect(scene.text()).toBe(before);
        if (first.code === 77) expect(scene.sandbox.grants().reuses).toBeGreaterThan(0);
      },
    );
  });
}

describe("a token endpoint that hangs", () => {
  const builds = NATIVE.map((version) => claudeBuild(version));
  const reason = IS_FULL ? "" : " [only with PILOTLIGHT_REQUIRE_ALL=1: the CLI waits 30 s]";

  it.skipIf(!IS_FULL)(
    `is a doubt, and the truth comes out later${reason}`,
    async () => {
      if (builds.includes(null)) throw new Error("a build is not in .cache/claude");
      const cases = builds
        .filter((build) => build !== null)
        .flatMap((build) => [hang(build), rotateAndHang(build)]);
      await Promise.all(cases);
    },
    120_000,
  );

  async function hang(build: ClaudeBuild): Promise<void> {
    const { scene, before } = await meet(build, { name: "token-hang" });
    expect(endOf(await scene.run(REFRESH))).toEqual(IN_DOUBT);
    expect(scene.text()).toBe(before);
    scene.sandbox.clearFaults();
    expect(endOf(await scene.run(REFRESH))).toEqual([0, "refreshed", null]);
    expectLivingPair(scene);
  }

  async function rotateAndHang(build: ClaudeBuild): Promise<void> {
    const { scene, before } = await meet(build, { name: "token-rotate-then-hang" });
    expect(endOf(await scene.run(REFRESH))).toEqual(IN_DOUBT);
    scene.sandbox.clearFaults();
    expect(endOf(await scene.run(REFRESH))).toEqual([77, "dead", "login_ended"]);
    expect(scene.text()).toBe(before);
  }
});
