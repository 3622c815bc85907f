import { describe, expect, it } from "vitest";
import { refresh } from "../../src/keeper/refresh.ts";
import { reject } from "../../src/keeper/witness.ts";
import { simulate } from "./simulation/simulate.ts";

/*
 * PILOTLIGHT_SIM_SEED=17 repeats one seed; PILOTLIGHT_SIM_SEEDS=5000 runs that many for a night.
 */
const ONLY = process.env["PILOTLIGHT_SIM_SEED"];
const COUNT = Number(process.env["PILOTLIGHT_SIM_SEEDS"] ?? 16);
const SEEDS = ONLY === undefined ? Array.from({ length: COUNT }, (_, n) => n + 1) : [Number(ONLY)];
const TIMEOUT = 60_000 + SEEDS.length * 5000;

/**
 * What must have happened over the seeds, or the simulation has shown nothing. `refresh_token_spent`
 * comes up once in some hundred months; store-trouble.test.ts makes it happen.
 */
const EXERCISED = [
  "refreshed",
  "adopted",
  "unchanged fresh",
  "unchanged logged_out",
  "deferred throttled",
  "deferred endpoint_unavailable",
  "deferred network_unavailable",
  "in_doubt in_doubt",
  "in_doubt refresh_running",
  "in_doubt refresh_unknown",
  "dead login_ended",
  "dead login_blanked",
  "threw cannot_persist",
  "threw no_credential",
  "threw credential_corrupt",
  "crash",
  "answer lost",
  "slow answer",
  "throttled",
  "staged CLI killed",
  "torn write",
  "endpoint_unavailable",
  "network_unavailable",
  "clock set wrong",
  "CLI killed in mid-grant",
  "store write failed after its proof",
  "journal write failed after its proof",
  "new CLI refreshed",
  "old CLI refreshed",
  "blanked by a CLI",
  "sign-in asked for",
  "sign-in",
  "logout",
  "blanking",
  "backup restored",
  "family revoked",
  "access token revoked",
  "replayed",
  "restored",
  "archived",
] as const;

describe.each([
  ["that crash", { days: 31, isSuspending: false }, EXERCISED],
  ["that crash and are suspended", { days: 31, isSuspending: true }, [...EXERCISED, "suspension"]],
] as const)(
  "three keepers %s, on one login, for a virtual month of faults",
  (name, setting, all) => {
    const total = new Map<string, number>();

    it(
      "break no promise",
      async () => {
        const failures: string[] = [];
        for (const seed of SEEDS) {
          const story = await simulate({ refresh, reject }, seed, setting);
          for (const [what, times] of story.counts) total.set(what, (total.get(what) ?? 0) + times);
          if (story.failure !== null) failures.push(`seed ${seed}: ${story.failure}`);
        }
        console.log(`keepers ${name}, ${SEEDS.length} seeds: ${statistic(total)}`);
        if (failures.length === 0) return;
        const all = failures.map((failure) => failure.split("\n")[0]).join("\n");
        expect.fail(`${failures[0]}\n\n${failures.length} of ${SEEDS.length} seeds fail:\n${all}`);
      },
      TIMEOUT,
    );

    it.skipIf(SEEDS.length < 16)("have met every fault and come to every kind of outcome", () => {
      expect(all.filter((what) => !total.has(what))).toEqual([]);
    });
  },
);

function statistic(total: ReadonlyMap<string, number>): string {
  const keys = ["grant", "refreshed", "adopted", "replayed", "restored", "archived"];
  const ends = [...total.keys()].filter((key) => /^(in_doubt|dead|deferred|threw) /.test(key));
  const shown = [...keys, ...ends.toSorted(), "crash", "suspension"];
  return shown.map((key) => `${key} ${total.get(key) ?? 0}`).join(", ");
}
