import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Mutation, MUTATIONS } from "./mutations.ts";
import { type KeeperCode, simulate } from "./simulation/simulate.ts";

const SOURCE = fileURLToPath(new URL("../../src/", import.meta.url));
const SEEDS = Array.from({ length: 80 }, (_, n) => n + 1);
const TIMEOUT = 120_000;

/** The keeper and the core in a folder of their own, with at most one thing changed. */
async function copyOf(folder: string, mutation: Mutation | null): Promise<KeeperCode> {
  for (const room of ["core", "keeper"]) {
    cpSync(join(SOURCE, room), join(folder, room), { recursive: true });
  }
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  if (mutation !== null) mutate(join(folder, "keeper", mutation.file), mutation);
  const load = (file: string) => import(pathToFileURL(join(folder, "keeper", file)).href);
  return { ...(await load("refresh.ts")), ...(await load("witness.ts")) } as KeeperCode;
}

/** @throws Error when the text is not there, or not only once: a mutation of nothing proves nothing. */
function mutate(path: string, { text, becomes, drops }: Mutation): void {
  const parts = readFileSync(path, "utf8").split(text);
  if (parts.length !== 2)
    throw new Error(`"${drops}": ${path} holds ${parts.length - 1} of ${JSON.stringify(text)}`);
  writeFileSync(path, parts.join(becomes));
}

/** @returns the first broken promise over the seeds, `null` when all are kept. */
async function firstFailure(
  code: KeeperCode,
  isSuspending: boolean,
  seeds: readonly number[] = SEEDS,
): Promise<string | null> {
  for (const seed of seeds) {
    const { failure } = await simulate(code, seed, { days: 31, isSuspending });
    if (failure !== null) return `seed ${seed}: ${failure.split("\n")[0]}`;
  }
  return null;
}

describe("the simulation", () => {
  let root = "";
  beforeAll(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), "pilotlight-mutations-")));
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it.each([false, true])(
    "finds nothing wrong with an unchanged copy (suspending: %s)",
    async (isSuspending) => {
      const code = await copyOf(join(root, `unchanged-${isSuspending}`), null);
      expect(await firstFailure(code, isSuspending, SEEDS.slice(0, 3))).toBeNull();
    },
    TIMEOUT,
  );

  it.each(MUTATIONS.map((mutation, n) => [mutation.drops, mutation, n] as const))(
    "notices the loss of %s",
    async (_drops, mutation, n) => {
      const code = await copyOf(join(root, `mutation-${n}`), mutation);
      const seeds = mutation.seed === undefined ? SEEDS : [mutation.seed, ...SEEDS];
      const failure = await firstFailure(code, mutation.isSuspending ?? false, seeds);
      console.log(`without ${mutation.drops}: ${failure ?? "NOTHING NOTICED"}`);
      expect(failure).not.toBeNull();
    },
    TIMEOUT,
  );
});
