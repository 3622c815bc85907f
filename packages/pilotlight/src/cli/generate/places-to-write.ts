import { dirname } from "node:path";
import type { Locations } from "../../claude/locations.ts";

/** One login, with what its links lead to. */
export interface LoginPlaces extends Locations {
  /** The credential's file behind all links; `null` where none is there. */
  readonly target: string | null;
  readonly realLockDir: string;
}

/**
 * The directories in which a refresh has to be able to write, none of them below another: that of the
 * credential, the one above it (`<directory>.lock` is made there), that of `.claude.json`, and the state.
 */
export function placesToWrite(logins: readonly LoginPlaces[], stateDir: string): readonly string[] {
  const wanted = logins.flatMap((login) => [
    above(login.lockDir),
    above(login.realLockDir),
    login.configDir,
    dirname(login.stateFile),
    ...(login.target === null ? [] : [dirname(login.target)]),
  ]);
  const places = [...new Set([...wanted, stateDir])];
  return places.filter(
    (place) => !places.some((other) => other !== place && place.startsWith(`${other}/`)),
  );
}

/** To open `/` would open everything: there, the lock that can be done without is done without. */
function above(directory: string): string {
  const parent = dirname(directory);
  return parent === "/" ? directory : parent;
}
