import { existsSync } from "node:fs";
import { claudeBuild } from "../../packages/pilotlight/test/support/claude-builds.ts";
import type { Row } from "../bench.ts";
import { benchHome, CLI, freshDocument, interleaved, printTimes, quantile } from "./timing.ts";

const ROUNDS = 40;

/** From start to exit of the commands that are run most often. */
export async function benchStart(): Promise<readonly Row[]> {
  if (!existsSync(CLI)) throw new Error("the package is not built: run `npm run build` first");
  const { env, cleanup } = benchHome(freshDocument());
  try {
    const times = interleaved(
      {
        floor: [process.execPath, "-e", "0"],
        status: [process.execPath, CLI, "status"],
        check: [process.execPath, CLI, "check"],
      },
      env,
      ROUNDS,
    );
    const { floor = [], status = [], check = [] } = times;
    const rows: Row[] = Object.entries({ status, check }).map(([name, measured]) => ({
      what: `\`${name}\`, start to exit`,
      measured: printTimes(measured),
      floor: `\`node -e 0\` ${printTimes(floor)}`,
      ratio: (quantile(measured, 0) / quantile(floor, 0)).toFixed(2),
      target: "≤ 2",
    }));
    const claude = claudeBuild("2.1.329");
    if (claude !== null) {
      // A fresh, invented token, and no way to any network.
      const closed = { ...env, HTTPS_PROXY: "http://127.0.0.1:9", DISABLE_AUTOUPDATER: "1" };
      const { auth = [] } = interleaved({ auth: [...claude.command, "auth", "status"] }, closed, 5);
      rows.push({
        what: "the CLI's own `claude auth status` (2.1.329)",
        measured: printTimes(auth),
        floor: `\`pilotlight status\` ${printTimes(status)}`,
        ratio: (quantile(auth, 0) / quantile(status, 0)).toFixed(2),
        target: "–",
      });
    }
    return rows;
  } finally {
    cleanup();
  }
}
