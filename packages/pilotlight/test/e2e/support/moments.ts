import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fingerprintOf } from "../../../src/claude/fingerprint.ts";
import { until } from "./expectations.ts";
import type { Running } from "./pilotlight-process.ts";
import type { Scene } from "./scene.ts";

/** A moment in the life of a refresh, as it shows from outside. */
export type Moment = (scene: Scene) => boolean;

/** The login's lock is taken, and its owner on record. */
export const isLocked: Moment = ({ home }) =>
  existsSync(join(home.configDir, ".oauth_refresh.lock.owner"));

/** The intent is on disk. */
export const isIntended: Moment = (scene) => journalOf(scene)?.["step"] === "intent";

/** The process that carries out the grant is on record. */
export const isSpawned: Moment = (scene) => Boolean(journalOf(scene)?.["process"]);

/** The server has the request. */
export const isSent: Moment = ({ sandbox }) => sandbox.tokenPosts().length > 0;

/** The staged CLI has stored what the server issued. */
export const isStaged: Moment = (scene) =>
  hasNewPair(scene, join(scene.stage, ".credentials.json"));

/** The answer is in the spill. */
export const isSpilled: Moment = ({ state }) =>
  existsSync(join(state, "journal", "default.spill.json"));

/** The result is in the journal. */
export const isResult: Moment = (scene) => journalOf(scene)?.["step"] === "result";

/** The result is in the store. */
export const isCommitted: Moment = (scene) => hasNewPair(scene, scene.file);

/** Kills the process at once when `moment` has come, and `later` ms after it; not at all if it ended before. */
export async function killAt(running: Running, scene: Scene, moment: Moment, later = 0) {
  let isOver = false;
  void running.finished.then(() => (isOver = true));
  await until("the moment to kill", () => isOver || moment(scene));
  if (later > 0) await new Promise((resolve) => setTimeout(resolve, later));
  running.signal("SIGKILL");
  return running.finished;
}

function journalOf({ state }: Scene): Record<string, unknown> | null {
  return readJson(join(state, "journal", "default.json"));
}

function hasNewPair({ sandbox }: Scene, path: string): boolean {
  const login = readJson(path)?.["claudeAiOauth"] as { refreshToken?: string } | undefined;
  if (sandbox.grants().refreshes === 0 || !login?.refreshToken) return false;
  const stored = fingerprintOf(login.refreshToken);
  return sandbox.logins().some(({ refreshToken }) => refreshToken === stored);
}

function readJson(path: string): Record<string, unknown> | null {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return null;
  }
}
