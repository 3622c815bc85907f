import { accessSync, constants, type Stats, statSync } from "node:fs";
import { delimiter, resolve } from "node:path";
import type { ChildSpec } from "./child-spec.ts";

/** Why there is no child, with a sentence for people (no full stop). */
export interface NotStarted {
  readonly kind: "not_started";
  readonly reason: "not_found" | "not_executable" | "no_directory" | "failed";
  readonly message: string;
}

/** Explains a failed spawn; `execve` says ENOENT for a missing program, interpreter or working directory alike. */
export function whyNotStarted(error: unknown, spec: ChildSpec): NotStarted {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const name = JSON.stringify(spec.argv[0]);
  if (!isDirectory(spec.cwd)) {
    return notStarted("no_directory", `the working directory ${spec.cwd} does not exist`);
  }
  if (code === "ENOENT") {
    const script = candidatesOf(spec).find(isFile);
    return script === undefined
      ? notStarted("not_found", `there is no program ${name}`)
      : notStarted("not_found", `the interpreter in the first line of ${script} does not exist`);
  }
  if (code === "EACCES" || code === "EPERM") {
    const place = candidatesOf(spec).find((path) => isFile(path) || isDirectory(path));
    const what = place !== undefined && isDirectory(place) ? "is a directory" : "is not executable";
    return notStarted("not_executable", `${place ?? name} ${what}`);
  }
  if (code === "ENOTDIR") return notStarted("not_executable", `${name} leads through a file`);
  const detail = error instanceof Error ? error.message : String(error);
  return notStarted("failed", `${name} could not be started: ${detail}`);
}

/** True when `execvp` would find something to execute: it searches the child's PATH from the child's directory. */
export function isStartable(spec: ChildSpec): boolean {
  return isDirectory(spec.cwd) && candidatesOf(spec).some((path) => isFile(path) && mayRun(path));
}

function notStarted(reason: NotStarted["reason"], message: string): NotStarted {
  return { kind: "not_started", reason, message };
}

function candidatesOf(spec: ChildSpec): string[] {
  const [name] = spec.argv;
  if (name.includes("/")) return [resolve(spec.cwd, name)];
  const path = spec.env["PATH"] ?? "/bin:/usr/bin";
  return path.split(delimiter).map((folder) => resolve(spec.cwd, folder, name));
}

function isFile(path: string): boolean {
  return statOf(path)?.isFile() ?? false;
}

function isDirectory(path: string): boolean {
  return statOf(path)?.isDirectory() ?? false;
}

function statOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

function mayRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
