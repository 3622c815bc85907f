import { endAs } from "../child/child-end.ts";
import type { Tell } from "../core/ports.ts";
import { onEnding } from "./ending-signals.ts";
import type { Io } from "./io.ts";

/** Keeps a signal from ending this process between a grant and its commit. */
export interface SignalPatience {
  /** Passes every event on. */
  readonly tell: Tell;
  /** Leaves signals to a child from now on. @returns the one that came before: whoever asks ends by it. */
  pause(): NodeJS.Signals | null;
  /** There is no child any more. */
  resume(): void;
  /** Leaves signals alone for good. @returns as `pause` */
  stop(): NodeJS.Signals | null;
}

/**
 * From a grant on, the first INT, TERM or HUP waits until `stop`. Whoever ends a container or a unit ends
 * the staged Claude Code, too, as soon as we are gone. A second one ends us at once; the next run then adopts
 * what the grant brought.
 */
export function signalPatience(tell: Tell, io: Io): SignalPatience {
  let asked: NodeJS.Signals | null = null;
  let isPaused = false;
  let isStopped = false;
  let deafen: (() => void) | null = null;

  const onSignal = (signal: NodeJS.Signals): void => {
    if (isPaused) return;
    if (asked !== null) endAs({ kind: "signalled", signal });
    asked = signal;
    io.err(`pilotlight: ${signal} waits for the refresh under way; a second one does not\n`);
  };
  const listen = (): void => {
    if (!isStopped) deafen ??= onEnding(onSignal);
  };

  return {
    tell(event) {
      if (event.kind === "grant_started") listen();
      tell(event);
    },
    pause() {
      isPaused = true;
      return asked;
    },
    resume() {
      isPaused = false;
    },
    stop() {
      isStopped = true;
      deafen?.();
      return asked;
    },
  };
}
