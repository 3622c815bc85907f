import type { Installation } from "./installation.ts";

/** One file, and where it belongs. */
export interface GeneratedFile {
  /** Absolute where this machine has one place for it, else a file name. */
  readonly path: string;
  readonly text: string;
}

/** Ready files, and what a person has to know or type next, a sentence each. */
export interface Generated {
  readonly files: readonly GeneratedFile[];
  readonly notes: readonly string[];
}

/** What the command line says about the files. */
export interface Wish {
  /** For the system's own manager instead of the user's. */
  readonly isSystem: boolean;
  readonly variant: string | null;
}

/** One thing that `generate` makes. Pure: from what is known of the machine. */
export interface Kind {
  /** Which options it takes besides `--out`, `--force` and `--json`. */
  readonly options: readonly ("login" | "system" | "user" | "variant")[];
  /** Whether the variables that are set here go into the file. */
  readonly carriesVariables?: boolean;
  readonly make: (installation: Installation, wish: Wish) => Generated;
}
