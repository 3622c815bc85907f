import { mkdir, rmdir, unlink } from "node:fs/promises";
import { errnoOf, PilotlightError } from "../../core/errors.ts";
import { cannotPersist } from "../../disk/cannot-persist.ts";
import { readSmallText } from "../../disk/read-small-text.ts";
import { writeFiles } from "../generate/write-files.ts";
import { insertLines, removeLines } from "./config-lines.ts";
import { isRunning, type Machine, systemctl } from "./machine.ts";
import { isJournalOpen, removeState } from "./remove-state.ts";
import type { Step, StepOf } from "./step.ts";

const [PRIVATE, READABLE] = [0o700, 0o755];

/** Makes the change; one that is there already is fine. @throws PilotlightError `service_failed`, `cannot_persist` */
export async function carryOut(step: Step, machine: Machine): Promise<void> {
  switch (step.kind) {
    case "directory":
      return makeDirectory(step.path, machine);
    case "config":
      return insertLines(step);
    case "unit":
      await writeFiles([{ path: step.path, text: step.text }], step.path, true);
      await systemctl(machine, "daemon-reload");
      return;
    case "enable":
      await systemctl(machine, "enable", step.unit);
      return;
    case "start":
      // Whether it comes up is looked at by who asked for it.
      await systemctl(machine, "start", "--no-block", step.unit);
      return;
    case "restart":
      await systemctl(machine, "restart", step.unit);
      return;
    case "linger":
      return setLinger(step, machine, "enable-linger");
    case "state":
    case "service-before":
      return;
    default:
      return step satisfies never;
  }
}

/** Takes the change back, also one that was only half made or not at all. @throws as `carryOut` */
export async function undo(step: Step, machine: Machine): Promise<void> {
  switch (step.kind) {
    case "directory":
      return removeEmpty(step.path);
    case "state":
      // What a refresh brought is worth more than a clean directory.
      return (await isJournalOpen(step.path)) ? undefined : removeState(step.path);
    case "config":
      return removeLines(step);
    case "service-before":
      await systemctl(machine, "restart", step.unit);
      return;
    case "unit":
      return restoreUnit(step, machine);
    case "enable":
      await systemctl(machine, "disable", step.unit);
      return;
    case "start":
      if (await isRunning(machine, step.unit)) await systemctl(machine, "stop", step.unit);
      await machine.run([
        "systemctl",
        ...(machine.isSystem ? [] : ["--user"]),
        "reset-failed",
        step.unit,
      ]);
      return;
    case "linger":
      return setLinger(step, machine, "disable-linger");
    case "restart":
      return;
    default:
      return step satisfies never;
  }
}

async function makeDirectory(path: string, { isSystem }: Machine): Promise<void> {
  try {
    await mkdir(path, { mode: isSystem ? READABLE : PRIVATE });
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw cannotPersist(path, error);
  }
}

/** What somebody else put there keeps it. */
async function removeEmpty(path: string): Promise<void> {
  try {
    await rmdir(path);
  } catch (error) {
    if (!["ENOENT", "ENOTEMPTY", "EEXIST"].includes(errnoOf(error) ?? "")) {
      throw cannotPersist(path, error);
    }
  }
}

/** One that was changed since is a person's, and stays. */
async function restoreUnit(step: StepOf<"unit">, machine: Machine): Promise<void> {
  const now = await readSmallText(step.path).catch(() => null);
  if (now !== step.text) return;
  if (step.before === null) {
    await unlink(step.path).catch((error: unknown) => {
      throw cannotPersist(step.path, error);
    });
  } else await writeFiles([{ path: step.path, text: step.before }], step.path, true);
  await systemctl(machine, "daemon-reload");
}

async function setLinger(
  { user }: StepOf<"linger">,
  { run }: Machine,
  verb: "enable-linger" | "disable-linger",
): Promise<void> {
  const { code, err } = await run(["loginctl", verb, user]);
  if (code === 0) return;
  throw new PilotlightError("service_failed", `loginctl ${verb} ${user}: ${err.trim()}`);
}
