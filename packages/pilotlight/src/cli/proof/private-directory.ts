import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PilotlightError } from "../../core/errors.ts";

/** ms. A living job rewrites its copy at each refresh, which is due every eight hours. */
const ABANDONED = 24 * 60 * 60_000;

/**
 * Makes a directory, 0700, for a copy of a login that holds no refresh token: in the state directory,
 * or among the temporary files where that cannot be written, as in a container that is read-only. It is
 * nobody else's, whatever `name` is: containers that share a state directory may have the same pid.
 * What killed processes left behind a day ago is removed.
 * @throws PilotlightError `cannot_persist` where neither can be.
 */
export async function privateDirectory(stateDir: string, name: string): Promise<string> {
  const folder = join(stateDir, "projections");
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const path = await mkdtemp(join(folder, `${name}-`));
    await sweep(folder, Date.now()).catch(() => undefined);
    return path;
  } catch {
    return mkdtemp(join(tmpdir(), "pilotlight-")).catch((error: unknown) => {
      const detail = `${folder} and ${tmpdir()}: ${(error as Error).message}`;
      throw new PilotlightError("cannot_persist", detail);
    });
  }
}

async function sweep(folder: string, now: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (now - (await touchedAt(path)) > ABANDONED) {
      await rm(path, { recursive: true, force: true }).catch(() => undefined);
    }
  }
}

/** Epoch ms at which the directory or its copy was last written; infinity where that cannot be told. */
async function touchedAt(path: string): Promise<number> {
  const timeOf = (file: string, other: number) =>
    stat(file).then(
      ({ mtimeMs }) => mtimeMs,
      () => other,
    );
  const [own, copy] = [timeOf(path, Infinity), timeOf(join(path, ".credentials.json"), -Infinity)];
  return Math.max(await own, await copy);
}
