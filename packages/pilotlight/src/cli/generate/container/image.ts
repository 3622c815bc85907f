import type { Installation } from "../installation.ts";

/** The image that the generated Dockerfile builds; never one that moves. */
export function imageOf({ version }: Installation): string {
  return `pilotlight:${version}`;
}

/** For a health check: a warning is no reason to restart. */
export const HEALTHY = "pilotlight check; test $? -lt 2";
