import type { ClaudeCommand } from "../../claude/build/find-claude.ts";
import { rehearsal } from "../../sandbox/rehearsal.ts";
import { durableFiles } from "../../stores/durable-files.ts";
import type { Io } from "../io.ts";
import { systemClock } from "../system-clock.ts";

/** `pilotlight rehearse <json>`: rehearses a build for a daemon, and prints what came of it. Not for people. */
export async function rehearse(command: string, io: Io): Promise<number> {
  const candidate = JSON.parse(command) as ClaudeCommand;
  const result = await rehearsal({ env: io.env, files: durableFiles(), clock: systemClock })(
    candidate,
  );
  io.out(`${JSON.stringify(result)}\n`);
  return 0;
}
