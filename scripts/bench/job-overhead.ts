import type { Row } from "../bench.ts";
import {
  benchHome,
  CLI,
  freshDocument,
  interleaved,
  printTimes,
  putClaude,
  quantile,
} from "./timing.ts";

const ROUNDS = 40;

/** What `run` adds to a job whose token is fresh. The child says one word and ends, so that nothing hides our time. */
export async function benchJobOverhead(): Promise<readonly Row[]> {
  const { home, env, cleanup } = benchHome(freshDocument());
  try {
    const job = [putClaude(home, "echo done"), "-p", "hello"];
    const {
      floor = [],
      plain = [],
      run = [],
    } = interleaved(
      {
        floor: [process.execPath, "-e", "0"],
        plain: job,
        run: [process.execPath, CLI, "run", "--", ...job],
      },
      env,
      ROUNDS,
    );
    const added = quantile(run, 0.5) - quantile(plain, 0.5);
    return [
      {
        what: "`run` on a fresh token, on top of the child",
        measured: `${printTimes(run)}, child alone ${printTimes(plain)}`,
        floor: `\`node -e 0\` ${printTimes(floor)}`,
        ratio: (added / quantile(floor, 0.5)).toFixed(2),
        target: "≤ 3",
      },
    ];
  } finally {
    cleanup();
  }
}
