import { PilotlightError } from "../../core/errors.ts";
import { readPastedCode } from "../../core/sign-in-code.ts";
import type { Config, LoginConfig } from "../config.ts";
import { stateLease } from "../keep/state-lease.ts";
import { systemClock } from "../system-clock.ts";
import type { SignIn } from "./dialogue.ts";

/** What was begun in a stage. */
export interface Begun<T> {
  /** A Claude Code that waits for the code of its link; `null` where what it would bring is in the stage already. */
  readonly child: {
    readonly link: string;
    /** Passes a code on that can be one. */
    send(code: string): Promise<void>;
    cancel(): void;
  } | null;
  /** Proves what is in the stage, and puts it in its place. */
  finish(isResumed: boolean): Promise<T>;
}

/**
 * One at a time for a login: begins something in its stage, and holds the stage until it is closed.
 * @throws PilotlightError `lock_busy` while somebody else signs in to this login, and what `begin` throws
 */
export async function stagedSignIn<T>(
  { config, login }: { readonly config: Config; readonly login: LoginConfig },
  begin: () => Promise<Begun<T>>,
): Promise<SignIn<T>> {
  const lease = stateLease(config.stateDir, `${login.name}.sign-in`, systemClock);
  if (!(await lease.take())) {
    throw new PilotlightError("lock_busy", "somebody else is signing in to this login just now");
  }
  try {
    return opened(await begin(), () => lease.release());
  } catch (error) {
    lease.release();
    throw error;
  }
}

function opened<T>({ child, finish }: Begun<T>, release: () => void): SignIn<T> {
  let isOpen = true;
  return {
    link: child?.link ?? null,
    isOpen: () => isOpen,
    async give(pasted) {
      if (child === null) return finish(true);
      const read = readPastedCode(pasted, child.link);
      if (read.kind === "wrong") throw new PilotlightError("code_rejected", read.why);
      isOpen = false;
      await child.send(read.code);
      return finish(false);
    },
    resume: () => finish(true),
    async close() {
      if (isOpen) child?.cancel();
      release();
    },
  };
}
