import { findClaude } from "../../../claude/build/find-claude.ts";
import type { Fingerprint } from "../../../core/credential.ts";
import { type ErrorCode, PilotlightError } from "../../../core/errors.ts";
import { reject, type WitnessParts } from "../../../keeper/witness.ts";
import { chronicle } from "../../chronicle.ts";
import { proveByHello, type Refusal } from "../../proof/prove-by-hello.ts";
import { stateOf } from "../../state-of.ts";
import { systemClock } from "../../system-clock.ts";
import type { LoginWorld } from "../world.ts";

/** What came of a hello. */
export type HelloAnswer =
  /** It could not be said. */
  | { readonly kind: "trouble"; readonly code: ErrorCode; readonly text: string }
  | {
      readonly kind: "answered";
      /** `null`: the server accepted the credential. */
      readonly refusal: Refusal | null;
      /**
       * What became of the server's word on a stored login: `outdated` where the store holds another token
       * by now. `null` where there was nothing to note.
       */
      readonly record: "noted" | "unnoted" | "outdated" | null;
    };

/** ms to wait for the lock: whoever holds it longer refreshes, and has the server's newer word. */
const PATIENCE = 10_000;

/** Says hello through the credential that a job would use, and notes the server's word on a stored login, be it yes or no. */
export async function askByHello(world: LoginWorld): Promise<HelloAnswer> {
  const { machine, login, settings, effective } = world;
  const { config, env } = machine;
  const noted = chronicle(config.stateDir, login.name);
  const lockWait = Math.min(config.lockWait, PATIENCE);
  const { store, records } = stateOf({ ...config, lockWait }, login);
  const isStored = effective.source === "claude-file";
  const parts = isStored ? { store, records, clock: systemClock, tell: noted.tell } : null;
  try {
    const { argv: command } = await findClaude(config.jobClaude, env);
    const question = { config, login, command, model: null, env, settings, parts };
    const { refusal, access, isNoted } = await proveByHello(question);
    if (parts === null || access === null) return { kind: "answered", refusal, record: null };
    const record = refusal === null ? wordOf(isNoted) : await noteRefusal(refusal, parts, access);
    return { kind: "answered", refusal, record };
  } catch (error) {
    if (!(error instanceof PilotlightError)) throw error;
    return { kind: "trouble", code: error.code, text: error.message };
  } finally {
    await noted.write();
  }
}

/** Of a limit, or a network that is down, there is nothing to note. */
async function noteRefusal(refusal: Refusal, parts: WitnessParts, access: Fingerprint) {
  if (refusal.row.retry !== "refresh_and_repeat") return null;
  if (await reject(parts, access, "hello").catch(() => false)) return "noted";
  const entry = await parts.store.read();
  const present = entry.state === "present" ? entry.credential.accessToken?.fingerprint : null;
  return present === access ? "unnoted" : "outdated";
}

function wordOf(isNoted: boolean) {
  return isNoted ? "noted" : "unnoted";
}
