import { endAs } from "../../child/child-end.ts";

/** The first INT, TERM or HUP, held back until what it interrupts is undone. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** Ends this process by the signal that came, if one did. */
  end(): void;
}

const ENDING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export function interruption(): Interruption {
  const stopped = new AbortController();
  let came: NodeJS.Signals | null = null;
  const hear = (name: NodeJS.Signals): void => {
    came ??= name;
    stopped.abort(new Error(`${name}: undoing what was done`));
  };
  for (const name of ENDING) process.on(name, hear);
  return {
    signal: stopped.signal,
    end() {
      for (const name of ENDING) process.off(name, hear);
      if (came !== null) endAs({ kind: "signalled", signal: came });
    },
  };
}
