import { spawn } from "node:child_process";
import { onTestFinished } from "vitest";
import { OWN_MANAGER } from "./needs.ts";

/** How a line for the shell ended, and what it printed, errors too. */
interface Said {
  readonly code: number;
  readonly said: string;
}

/** A shell beside a systemd manager that lives as long as it does. Nothing of it reaches the machine's own. */
export interface OwnManager {
  /** One after the other. @param line for sh */
  run(line: string): Promise<Said>;
  /** Ends the manager as a logout does: with all its units, waiting for them. */
  end(): Promise<void>;
}

/** Starts both for the running test. @param env the whole environment, but for what the manager sets: HOME and where it runs */
export function ownManager(home: string, env: Record<string, string>): OwnManager {
  const child = spawn("unshare", [...OWN_MANAGER, home, "sh"], {
    env,
    cwd: home,
    stdio: ["pipe", "pipe", "ignore"],
  });
  const gone = new Promise<void>((resolve) => child.once("close", () => resolve()));
  let printed = "";
  let heard = () => {};
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
    heard();
  });
  const answer = async (mark: string): Promise<Said> => {
    for (;;) {
      const [, said = "", code] = new RegExp(`^([^]*)\n${mark} (\\d+)\n`).exec(printed) ?? [];
      if (code !== undefined) {
        printed = "";
        return { code: Number(code), said };
      }
      const isGone = await Promise.race([
        new Promise<false>((resolve) => {
          heard = () => resolve(false);
        }),
        gone.then(() => true as const),
      ]);
      if (isGone) throw new Error(`the shell ended: ${printed}`);
    }
  };
  let count = 0;
  const end = async () => {
    child.stdin.end();
    await gone;
  };
  onTestFinished(end);
  return {
    run(line) {
      const mark = `over-${(count += 1)}`;
      child.stdin.write(`( ${line}\n) 2>&1 </dev/null; printf '\\n${mark} %s\\n' $?\n`);
      return answer(mark);
    },
    end,
  };
}
