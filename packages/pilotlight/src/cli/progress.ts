import type { Io } from "./io.ts";

/** Tells how far a long work has come. */
export interface Progress {
  told(done: number, all: number, what: string): void;
  /** Says the last word and gives the terminal back. */
  over(said: string): void;
}

/** Without a terminal, every tenth part is a line. */
const PARTS = 10;

/** A bar on stderr, or lines where that is no terminal. */
export async function progress(io: Io): Promise<Progress> {
  return io.isTty ? bar() : lines(io);
}

function lines(io: Io): Progress {
  let part = 0;
  return {
    told(done, all, what) {
      const now = Math.floor((done / all) * PARTS);
      if (now > part) io.err(`${String(now * PARTS).padStart(3)} %  ${what}\n`);
      part = now;
    },
    over: (said) => io.err(`${said}\n`),
  };
}

async function bar(): Promise<Progress> {
  const { progress: clackProgress } = await import("@clack/prompts");
  let shown: ReturnType<typeof clackProgress> | null = null;
  const start = (max: number) => {
    const made = clackProgress({ max, output: process.stderr, withGuide: false });
    made.start("");
    // It takes Ctrl-C for itself, as a key, and would end the process at once; as a signal it reaches whoever clears up.
    if (process.stdin.isTTY) process.stdin.setRawMode(false);
    return made;
  };
  return {
    told(_done, all, what) {
      shown ??= start(all);
      shown.advance(1, what);
    },
    over: (said) => shown?.stop(said),
  };
}
