import { join } from "node:path";
import { readConfig } from "../../packages/pilotlight/src/cli/config.ts";
import { wire } from "../../packages/pilotlight/src/cli/wire.ts";
import { credentialOf } from "../../packages/pilotlight/src/claude/credentials-file.ts";
import type { RefreshGrant } from "../../packages/pilotlight/src/core/ports.ts";
import { refresh } from "../../packages/pilotlight/src/keeper/refresh.ts";
import { durableFiles } from "../../packages/pilotlight/src/stores/durable-files.ts";
import type { Row } from "../bench.ts";
import { benchHome, freshDocument, printTimes, quantile } from "./timing.ts";

const ROUNDS = 300;

/** Our own time in a refresh: real files and locks, and a driver that answers at once. */
export async function benchOwnTime(): Promise<readonly Row[]> {
  const { home, env, cleanup } = benchHome(freshDocument());
  try {
    const config = await readConfig(env);
    const [login] = config.logins;
    if (login === undefined) throw new Error("no login");
    const grant = instantGrant();
    const parts = {
      ...wire(config, login, () => undefined),
      grants: { cli: grant, endpoint: grant },
    };
    const files = durableFiles();
    const own: number[] = [];
    const floor: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const start = performance.now();
      await refresh(parts, { force: true, minTtl: 0 });
      const middle = performance.now();
      await files.write(join(home, "floor.json"), "x".repeat(600));
      own.push(middle - start);
      floor.push(performance.now() - middle);
    }
    own.sort((a, b) => a - b);
    floor.sort((a, b) => a - b);
    return [
      {
        what: `our own time in a refresh, driver excluded (${ROUNDS} times)`,
        measured: `${printTimes(own)}, p99 ${quantile(own, 0.99).toFixed(1)} ms`,
        floor: `one fsynced write ${printTimes(floor)}, p99 ${quantile(floor, 0.99).toFixed(1)} ms`,
        ratio: (quantile(own, 0.5) / quantile(floor, 0.5)).toFixed(1),
        target: "p99 ≤ 10 ms",
      },
    ];
  } finally {
    cleanup();
  }
}

function instantGrant(): RefreshGrant {
  let count = 0;
  return {
    prepare: async () => undefined,
    inspect: async () => ({ kind: "unsent" }),
    tidy: async () => undefined,
    async spend() {
      count += 1;
      const entry = credentialOf({
        ...freshDocument().claudeAiOauth,
        accessToken: `sk-ant-oat01-TEST${"a".repeat(80)}${count}`,
        refreshToken: `sk-ant-ort01-TEST${"r".repeat(80)}${count}`,
      });
      if (entry.state !== "present") throw new Error("unreadable");
      return { kind: "issued", credential: entry.credential };
    },
  };
}
