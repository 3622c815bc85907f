import { chmod, mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PilotlightError } from "../../core/errors.ts";

/**
 * Makes a directory, 0700, for a copy of a login that holds no refresh token: in the state directory,
 * or among the temporary files where that cannot be written, as in a container that is read-only.
 * @throws PilotlightError `cannot_persist` where neither can be.
 */
export async function privateDirectory(stateDir: string, name: string): Promise<string> {
  const path = join(stateDir, "projections", name);
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chmod(path, 0o700);
    return path;
  } catch {
    return mkdtemp(join(tmpdir(), "pilotlight-")).catch((error: unknown) => {
      const detail = `${path} and ${tmpdir()}: ${(error as Error).message}`;
      throw new PilotlightError("cannot_persist", detail);
    });
  }
}
