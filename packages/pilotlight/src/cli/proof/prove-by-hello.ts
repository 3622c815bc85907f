import { rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { setImmediate as turn } from "node:timers/promises";
import { endAs } from "../../child/child-end.ts";
import { sayHello } from "../../claude/staging/hello.ts";
import type { Environment } from "../../claude/locations.ts";
import type { Settings } from "../../claude/precedence/settings.ts";
import type { Fingerprint } from "../../core/credential.ts";
import type { RunVerdict } from "../../core/recognise.ts";
import type { RunCode, VerdictRow } from "../../core/verdict-row.ts";
import { prove, type WitnessParts } from "../../keeper/witness.ts";
import { durableFiles } from "../../stores/durable-files.ts";
import type { Config, LoginConfig } from "../config.ts";
import { visitedDirectory } from "../current-directory.ts";
import { onEnding } from "../ending-signals.ts";
import { privateDirectory } from "./private-directory.ts";

/** Whose credential is to be proved, and by what. */
interface Question {
  readonly config: Config;
  readonly login: LoginConfig;
  /** The words that start Claude Code. */
  readonly command: readonly string[];
  /** The job's own, where it names one. */
  readonly model: string | null;
  /** As the job would get them. */
  readonly env: Environment;
  readonly settings: Settings;
  /** Those of the stored login, where that is what the job uses. */
  readonly parts: WitnessParts | null;
}

/** Why a hello did not get through. */
export interface Refusal {
  readonly code: Exclude<RunCode, "job_failed">;
  readonly row: VerdictRow;
  /** What Claude Code said, in one line, with the `request_id`. */
  readonly said: string;
}

/** What came of a hello. */
interface Hello {
  /**
   * `null`: the server accepted the credential, or a signal cut the hello short, and whoever else waits
   * for that ends this process.
   */
  readonly refusal: Refusal | null;
  /** The stored access token that it was said with; `null` where none was. */
  readonly access: Fingerprint | null;
  /** True when the proof went into the record of the login. */
  readonly isNoted: boolean;
}

/**
 * Says one hello through the credential that a job would use, and notes that the server accepted it. A
 * stored login is there without its refresh token, so nothing is spent, whatever the answer.
 * @throws PilotlightError `cli_not_found`, `cannot_persist`
 */
export async function proveByHello(question: Question): Promise<Hello> {
  const { config, login, parts, ...greeting } = question;
  const entry = await parts?.store.read();
  const credential = entry?.state === "present" ? entry.credential : null;
  const access = credential?.accessToken?.fingerprint ?? null;
  const directory = await privateDirectory(config.stateDir, `${login.name}-hello-${process.pid}`);
  const copy = removedOnSignal(directory);
  try {
    const whole = { ...greeting, credential, cwd: visitedDirectory() };
    const said = sayHello(whole, directory, durableFiles());
    const verdict = await said.catch((error: unknown) => {
      if (copy.isGone()) return null;
      throw error;
    });
    // A signal to the whole group is heard here after the end of the child that it killed.
    await turn();
    // What was said without the copy says nothing of the credential.
    if (verdict === null || copy.isGone()) return { refusal: null, access, isNoted: false };
    const refusal = refusalIn(verdict);
    const isProved = refusal === null && parts !== null && access !== null;
    // A proof that cannot be noted is still one.
    const isNoted = isProved && (await prove(parts, access, "hello").catch(() => false));
    return { refusal, access, isNoted };
  } finally {
    await rm(directory, { recursive: true, force: true }).finally(copy.callOff);
  }
}

export function refusalIn(verdict: RunVerdict): Refusal | null {
  if (verdict.kind === "ok") return null;
  const { code, row, text, requestId, resetsAt } = verdict;
  // The server let the request in, and refused something else of it.
  if (code === "job_failed") return null;
  const request = requestId === null ? "" : ` (request_id ${requestId})`;
  const words = (text || row.symptom).replace(/\s+/g, " ").slice(0, 300);
  const reset = resetsAt === null ? "" : ` (resets at ${new Date(resetsAt).toISOString()})`;
  return { code, row, said: `hello was refused: ${words}${request}${reset}` };
}

/** A directory that goes when a signal comes. */
interface Removal {
  readonly isGone: () => boolean;
  readonly callOff: () => void;
}

/** The token in it can be used for hours, also when this process is ended meanwhile. */
function removedOnSignal(directory: string): Removal {
  let isGone = false;
  const callOff = onEnding((signal) => {
    isGone = true;
    rmSync(directory, { recursive: true, force: true });
    callOff();
    // Another listener has heard it already, and would take one more for a second signal.
    if (process.listenerCount(signal) === 0) endAs({ kind: "signalled", signal });
  });
  return { isGone: () => isGone, callOff };
}
