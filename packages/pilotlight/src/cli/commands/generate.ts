import { resolve } from "node:path";
import { PilotlightError } from "../../core/errors.ts";
import { currentDirectory } from "../current-directory.ts";
import type { Generated, Kind } from "../generate/generated.ts";
import { installationOf } from "../generate/installation.ts";
import { KIND_SUMMARIES, type KindName } from "../generate/kind-list.ts";
import { KINDS } from "../generate/kinds.ts";
import { writeFiles } from "../generate/write-files.ts";
import type { Io } from "../io.ts";
import { printable } from "../printable.ts";

export interface GenerateFlags {
  readonly json?: boolean;
  readonly login?: string;
  readonly system?: boolean;
  readonly user?: string;
  readonly variant?: string;
  readonly out?: string;
  readonly force?: boolean;
}

/**
 * `pilotlight generate <what>`: ready files for this machine, to stdout or with `--out` to disk. What to do
 * with them is said on stderr. Reads no credential.
 */
export async function generate(what: string, flags: GenerateFlags, io: Io): Promise<number> {
  const kind = kindOf(what);
  refuseOptions(what, kind, flags);
  const { login = null, user = null, variant = null } = flags;
  const installation = await installationOf({ env: io.env, user, login });
  const isSystem = flags.system ?? user !== null;
  const made = kind.make(installation, { isSystem, variant });
  const notes = [...made.notes, ...withheldNote(kind, installation.withheld)];
  const out = flags.out === undefined ? null : resolve(currentDirectory(), flags.out);
  const isFolder = flags.out !== undefined && /[/\\]$/.test(flags.out);
  const written =
    out === null
      ? null
      : await writeFiles(made.files, isFolder ? `${out}/` : out, flags.force ?? false);
  if (flags.json === true) {
    const report = { schema: "pilotlight.generate/v1", what, files: made.files, notes };
    io.out(`${JSON.stringify(report)}\n`);
    return 0;
  }
  if (written === null) io.out(printFiles(made));
  for (const path of written ?? []) io.err(`wrote ${printable(path)}\n`);
  const places = written === null ? made.files.map(({ path }) => `it belongs in ${path}`) : [];
  for (const note of [...places, ...notes]) io.err(`${printable(note)}\n`);
  return 0;
}

function kindOf(what: string): Kind {
  if (Object.hasOwn(KINDS, what)) return KINDS[what as KindName];
  const known = Object.keys(KIND_SUMMARIES).join(", ");
  throw new PilotlightError("usage", `there is no kind ${JSON.stringify(what)} (known: ${known})`);
}

/** An option that would change nothing was meant to change something. */
function refuseOptions(what: string, { options }: Kind, flags: GenerateFlags): void {
  for (const option of ["login", "system", "user", "variant"] as const) {
    if (flags[option] === undefined || options.includes(option)) continue;
    throw new PilotlightError("usage", `generate ${what} takes no --${option}`);
  }
  if (flags.force === true && flags.out === undefined) {
    throw new PilotlightError("usage", "--force goes with --out");
  }
}

function withheldNote(kind: Kind, names: readonly string[]): readonly string[] {
  if (kind.carriesVariables !== true || names.length === 0) return [];
  return [
    `${names.join(", ")} was left out: it holds a password; set it where only its user reads`,
  ];
}

/** Several files one after another, each under its name. */
function printFiles({ files }: Generated): string {
  const [first, ...others] = files;
  if (first !== undefined && others.length === 0) return first.text;
  return files.map(({ path, text }) => `# ===== ${path}\n${text}`).join("\n");
}
