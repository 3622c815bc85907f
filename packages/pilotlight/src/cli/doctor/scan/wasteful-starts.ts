import { directiveIn, type Hit, hitsIn, isGuarded, startsClaude } from "./claude-in-line.ts";
import type { ScannedFile } from "./scan-files.ts";
import { timeSpan } from "./time-span.ts";

const CRON = /^\s*(@\w+|(?:[\d*,/-]+\s+){5})/;
const IDLE_PROMPT = /\s(?:-p|--print)\s+(?:"[^"]{0,12}"|'[^']{0,12}'|[\w.!]{1,8})(?:\s|$)/;
const LEAST_PAUSE = 10_000;

/** Finds timetables that say hello only to keep a token fresh: each opens a usage window. */
export function idlePrompts(files: readonly ScannedFile[]): readonly Hit[] {
  return hitsIn(files, ({ text }) => {
    const isTimed = CRON.test(text) || /^\s*ExecStart=/.test(text);
    const isIdle = startsClaude(text) && !isGuarded(text) && IDLE_PROMPT.test(text);
    return isTimed && isIdle ? "asks Claude for nothing on a timetable" : null;
  });
}

/** Finds units that start Claude Code again and again at once, whatever it failed of. */
export function restartStorms(files: readonly ScannedFile[]): readonly Hit[] {
  return files.flatMap((file) => {
    const start = directiveIn(file, "ExecStart");
    const restart = directiveIn(file, "Restart");
    if (file.kind !== "unit" || start === null || restart === null) return [];
    if (!startsClaude(start.value) || !/^(always|on-failure)$/.test(restart.value)) return [];
    const pause = timeSpan(directiveIn(file, "RestartSec")?.value ?? "100ms");
    if (pause === null || pause >= LEAST_PAUSE) return [];
    const what = "restarts a failed claude at once, as often as it fails";
    return [{ file: file.path, line: restart.line, what }];
  });
}
