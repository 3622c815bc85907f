import type { Command } from "commander";
import type { Io } from "./io.ts";

/** What the help of most commands ends with. */
export const EXITS = `
Exit codes:
  0   ok                          73  cannot persist (nothing was spent)
  64  usage                       75  try later (lock busy, throttled, in doubt)
  65  credential file corrupt     77  a person must sign in
  66  no credential               78  configuration, or unsupported here
  69  service unavailable         70  bug
See also: pilotlight help <code>
`;

/** What a command is added with. */
export interface Parts {
  readonly program: Command;
  readonly io: Io;
  readonly done: (exit: number) => void;
  readonly command: (name: string, description: string) => Command;
}
