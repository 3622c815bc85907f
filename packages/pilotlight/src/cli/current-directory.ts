import { PilotlightError } from "../core/errors.ts";

/** Where this process was started. @throws PilotlightError `usage` where that directory is gone */
export function currentDirectory(): string {
  try {
    return process.cwd();
  } catch {
    throw new PilotlightError("usage", "the directory that this was started in is gone: cd again");
  }
}

/** The same for a look: where the directory is gone, nothing of a project can be found. */
export function visitedDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return "/";
  }
}
