import type { Environment } from "../claude/locations.ts";

/** What a command sees of the outside world. */
export interface Io {
  readonly env: Environment;
  readonly isTty: boolean;
  out(text: string): void;
  err(text: string): void;
}
