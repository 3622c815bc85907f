import { join } from "node:path";
import { z } from "zod";
import { PilotlightError } from "../../core/errors.ts";
import { cannotPersist } from "../../disk/cannot-persist.ts";
import { removeFile } from "../../disk/directory.ts";
import { durableFiles } from "../../stores/durable-files.ts";
import { readState, writeState } from "../../stores/state/state-file.ts";
import { type Step, step } from "./step.ts";

const installRecord = z.object({
  isSystem: z.boolean(),
  /** What is installed, in the order in which it was made. */
  installed: z.array(step),
  /** What a command has begun and not brought to its end: each noted before it was made. */
  doing: z.array(step),
});

/** `install.json` in the state directory: what `init` did, and how to take it back. */
export type InstallRecord = Readonly<z.infer<typeof installRecord>>;

export interface InstallRecords {
  /** `null` where nothing is installed. @throws PilotlightError `state_newer`, `state_unreadable` */
  read(): Promise<InstallRecord | null>;
  /** Durable when it resolves. @throws PilotlightError `cannot_persist` */
  write(record: InstallRecord): Promise<void>;
  remove(): Promise<void>;
}

export function installRecords(stateDir: string): InstallRecords {
  const path = join(stateDir, "install.json");
  return {
    async read() {
      const state = await readState(path);
      if (state.kind === "absent") return null;
      const parsed = installRecord.safeParse(state.kind === "present" ? state.fields : null);
      if (parsed.success) return parsed.data;
      throw new PilotlightError("state_unreadable", `${path} is no install record`);
    },
    write: ({ isSystem, installed, doing }) =>
      writeState(durableFiles(), path, { isSystem, installed, doing }),
    async remove() {
      await removeFile(path).catch((error: unknown) => {
        throw cannotPersist(path, error);
      });
    },
  };
}

/** What is installed after an update: the first look at what was there before counts. */
export function merged(installed: readonly Step[], made: readonly Step[]): Step[] {
  const lasting = made.filter(({ kind }) => kind !== "restart" && kind !== "service-before");
  const all = [...installed];
  for (const one of lasting) {
    const index = all.findIndex((other) => placeOf(other) === placeOf(one));
    const other = all[index];
    if (other === undefined) all.push(one);
    else if (one.kind === "unit" && other.kind === "unit") {
      all[index] = { ...one, before: other.before };
    }
  }
  return all;
}

function placeOf(one: Step): string {
  return `${one.kind} ${"path" in one ? one.path : ""}`;
}
