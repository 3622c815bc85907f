import { endAs } from "../../child/child-end.ts";
import { PilotlightError } from "../../core/errors.ts";
import { onEnding } from "../ending-signals.ts";
import type { Io } from "../io.ts";
import { readDuration } from "../read-duration.ts";
import { type CodeSource, codeSource } from "./pasted-code.ts";

/** A sign-in in a stage: what is in use stays so until the new one is proved. */
export interface SignIn<T> {
  /** What a person has to open; `null` where a completed sign-in was found, and no person is needed. */
  readonly link: string | null;
  /**
   * Passes on what a person pasted, then proves what came of it and puts it in its place.
   * @throws PilotlightError `code_rejected`, and before anything was sent so that another can be given: `isOpen` says so
   */
  give(pasted: string): Promise<T>;
  /** Proves and stores the sign-in that was found. */
  resume(): Promise<T>;
  /** False once the code has been passed on. */
  isOpen(): boolean;
  /** Gives up, and leaves nothing behind but what was completed. */
  close(): Promise<void>;
}

export interface DialogueFlags {
  readonly codeFrom?: string;
  readonly timeout?: string;
  readonly qr?: boolean;
  readonly json?: boolean;
}

/** How a dialogue goes with a person. */
interface Dialogue<T> {
  /** `signal` ends what waits for a person; a code that was given is waited for. */
  readonly begin: (signal: AbortSignal) => Promise<SignIn<T>>;
  readonly flags: DialogueFlags;
  readonly io: Io;
  /** What is proved, as it is said. */
  readonly what: string;
  /** Nobody is there, nor needed: nothing is said to them. */
  readonly isUnattended?: boolean;
}

const PATIENCE = 15 * 60_000;

/** How often a person may paste something that cannot be a code. */
const TRIES = 5;

/**
 * The link goes out and the code comes in, within the time that is left to it. Ctrl-C and TERM give it up.
 * @throws PilotlightError `sign_in_failed` with why it was given up, and what the sign-in throws
 */
export async function holdDialogue<T>(dialogue: Dialogue<T>): Promise<T> {
  const { flags, io } = dialogue;
  const limit =
    flags.timeout === undefined ? PATIENCE : readDuration("--timeout", flags.timeout, "15m");
  const stopped = new AbortController();
  const { signal } = stopped;
  const deafen = stopOnSignal(stopped);
  try {
    const begun = await dialogue.begin(signal);
    const timer = setTimeout(() => stopped.abort("no code came in time"), limit);
    try {
      return await carryOut(begun, codeSource(flags.codeFrom, io, signal), dialogue);
    } finally {
      clearTimeout(timer);
      await begun.close();
    }
  } catch (error) {
    const why = signal.aborted ? String(signal.reason) : null;
    if (why === null || !(error instanceof PilotlightError) || error.code === "code_rejected")
      throw error;
    throw new PilotlightError("sign_in_failed", why);
  } finally {
    deafen();
  }
}

/** What cannot be a code is asked for again where a person is there to answer. */
async function carryOut<T>(
  begun: SignIn<T>,
  source: CodeSource,
  { flags, io, what, isUnattended }: Dialogue<T>,
): Promise<T> {
  const { link } = begun;
  if (link === null) {
    if (flags.json !== true && isUnattended !== true) {
      io.err("A sign-in that was completed before is taken up again.\n");
    }
    return begun.resume();
  }
  await showLink(link, flags, io);
  let complaint: string | null = null;
  for (let tries = 1; ; tries += 1) {
    const pasted = await source.next(complaint);
    if (pasted === null) throw new PilotlightError("sign_in_failed", "no code was given");
    if (flags.json !== true) io.err(`Proving the new ${what} …\n`);
    try {
      return await begun.give(pasted);
    } catch (error) {
      const isOnce = !begun.isOpen() || !source.isPatient || tries === TRIES;
      if (!(error instanceof PilotlightError) || isOnce) throw error;
      complaint = error.message;
    }
  }
}

async function showLink(link: string, { json, qr }: DialogueFlags, io: Io): Promise<void> {
  if (json === true) return io.out(`${JSON.stringify({ event: "link", url: link })}\n`);
  io.err("Open this link on any device, agree, and paste the code that is shown afterwards:\n\n");
  // Alone on its line and unwrapped: terminals make that clickable.
  io.out(`${link}\n`);
  if (io.isTty && qr !== false) {
    const { renderUnicodeCompact } = await import("uqr");
    io.err(`\n${renderUnicodeCompact(link, { ecc: "L", border: 1 })}\n`);
  }
  io.err("\n");
}

/** Once the code is on its way, a signal waits for its end; a second one does not. @returns what stops that */
function stopOnSignal(stopped: AbortController): () => void {
  let asked: NodeJS.Signals | null = null;
  return onEnding((signal) => {
    if (asked !== null) endAs({ kind: "signalled", signal });
    asked = signal;
    stopped.abort(`${signal} came`);
  });
}
