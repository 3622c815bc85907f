import { memoryFileIn } from "../../../claude/build/build-memory.ts";
import { readFile, stat } from "node:fs/promises";
import { errnoOf } from "../../../core/errors.ts";
import { printDuration } from "../../../core/duration.ts";
import { isObject } from "../../../core/json-object.ts";
import { loginCheck, machineCheck } from "../doctor-check.ts";
import { note, ok, skipped, warning } from "../finding.ts";
import type { LoginWorld, World } from "../world.ts";

/** Clocks of two machines on one disk are seldom closer than this (ms). */
const TOLERANCE = 60_000;

/** What lies around the login: Claude Code's own state, and Pilotlight's. */
export const homeChecks = [
  loginCheck({
    id: "home-state",
    title: "Claude Code would not greet a job with its first-start questions",
    fm: ["FM-32", "FM-35"],
    gather: async ({ state, entry }: LoginWorld) => {
      const path = state.locations.stateFile;
      return { path, has: entry.state === "present", ...(await readHomeFile(path)) };
    },
    judge: ({ path, has, kind, isOnboarded }) => {
      if (!has) return [skipped("there is no login to look at")];
      const fix =
        "keep it on the same volume as the login, with CLAUDE_CONFIG_DIR pointing there; claude -p works without it";
      if (kind === "broken") {
        const what = `${path} is not JSON: Claude Code keeps older ones in backups/ beside it`;
        return [warning(what, "put the newest good one back")];
      }
      if (kind === "absent") return [note(`${path} is not there: an interactive start asks`, fix)];
      if (!isOnboarded) return [note(`${path} lacks hasCompletedOnboarding`, fix)];
      return [ok(path)];
    },
  }),
  machineCheck({
    id: "state-directory",
    title: "Pilotlight's own state is private",
    fm: ["FM-29"],
    gather: async ({ config, uid }: World) => {
      const stats = await stat(config.stateDir).catch(() => null);
      return { path: config.stateDir, uid, mode: stats && stats.mode & 0o777, owner: stats?.uid };
    },
    judge: ({ path, uid, mode, owner }) => {
      if (mode === null || uid === null) return [skipped(`${path} is not there yet`)];
      if (owner !== uid) {
        const what = `${path} belongs to uid ${owner}, and this is uid ${uid}`;
        return [warning(what, "run as its owner, or set PILOTLIGHT_STATE_DIR")];
      }
      if ((mode & 0o077) !== 0) {
        return [warning(`${path} is open to other users`, "take their access away (chmod 700)")];
      }
      return [ok(path)];
    },
  }),
  loginCheck({
    id: "clock",
    title: "nothing here is dated later than now",
    fm: ["FM-17", "FM-62"],
    gather: async ({ state, record, journal, machine }: LoginWorld) => {
      const { credentialsFile, lockDir } = state.locations;
      const files = [credentialsFile, lockDir, memoryFileIn(machine.config.stateDir)];
      const dated = await Promise.all(
        files.map(async (path) => ({
          what: path,
          at: (await stat(path).catch(() => null))?.mtimeMs,
        })),
      );
      const known = [
        ...dated,
        { what: "the last verdict", at: record.verdict?.at },
        { what: "the journal", at: journal?.at },
      ];
      return known.map(({ what, at }) => ({ what, ahead: (at ?? 0) - machine.now }));
    },
    judge: (known) => {
      const ahead = known.filter((one) => one.ahead > TOLERANCE);
      const fix = "check the time service: a wrong clock makes good tokens look expired";
      return ahead.length === 0
        ? [ok("the clock agrees with what is written here")]
        : ahead.map((one) =>
            warning(`${one.what} is dated ${printDuration(one.ahead)} in the future`, fix),
          );
    },
  }),
] as const;

async function readHomeFile(
  path: string,
): Promise<{ readonly kind: "absent" | "broken" | "present"; readonly isOnboarded: boolean }> {
  try {
    const value: unknown = JSON.parse(await readFile(path, "utf8"));
    if (!isObject(value)) return { kind: "broken", isOnboarded: false };
    return { kind: "present", isOnboarded: value["hasCompletedOnboarding"] === true };
  } catch (error) {
    return { kind: errnoOf(error) === "ENOENT" ? "absent" : "broken", isOnboarded: false };
  }
}
