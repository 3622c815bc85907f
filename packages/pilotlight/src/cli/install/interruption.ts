import { endAs } from "../../child/child-end.ts";
import { onEnding } from "../ending-signals.ts";

/** The first INT, TERM or HUP, held back until what it interrupts is undone. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** Ends this process by the signal that came, if one did. */
  end(): void;
}

export function interruption(): Interruption {
  const stopped = new AbortController();
  let came: NodeJS.Signals | null = null;
  const deafen = onEnding((name) => {
    came ??= name;
    stopped.abort(new Error(`${name}: undoing what was done`));
  });
  return {
    signal: stopped.signal,
    end() {
      deafen();
      if (came !== null) endAs({ kind: "signalled", signal: came });
    },
  };
}
