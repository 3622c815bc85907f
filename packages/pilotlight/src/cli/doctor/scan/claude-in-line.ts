import type { ScannedFile, ScannedLine } from "./scan-files.ts";

const CLAUDE = String.raw`(?<![\w.-])(?:claude|claude-code(?:@[\w.-]+)?|cli\.js)`;
const STARTED = new RegExp(String.raw`${CLAUDE}(?=[\s"'\`;|&)]|$)`);
const STATUS = new RegExp(String.raw`${CLAUDE}["']?\s+(auth\s+status|doctor)\b`);
const PILOTLIGHT = /(?<![\w.-])pilotlight(\.mjs)?["']?(?=\s|$)/;

/** A line of a scanned file that a check has something to say about. */
export interface Hit {
  readonly file: string;
  readonly line: number;
  /** What is wrong with it, as a phrase; never quotes the line, which may hold a secret. */
  readonly what: string;
}

/** True for a line that starts Claude Code, by any of its names. */
export function startsClaude(text: string): boolean {
  return STARTED.test(text);
}

/** True for a line in which Pilotlight stands between: a signal to it alone does not reach a grant. */
export function isGuarded(text: string): boolean {
  return PILOTLIGHT.test(text);
}

/** Which command that looks harmless and may refresh the line starts; `null` for none. */
export function statusCommandIn(text: string): "auth status" | "doctor" | null {
  const command = STATUS.exec(text)?.[1];
  if (command === undefined) return null;
  return command === "doctor" ? "doctor" : "auth status";
}

/** Every line of every file for which `find` has a phrase. */
export function hitsIn(
  files: readonly ScannedFile[],
  find: (line: ScannedLine, file: ScannedFile) => string | null,
): Hit[] {
  return files.flatMap((file) =>
    file.lines.flatMap((line) => {
      const what = find(line, file);
      return what === null ? [] : [{ file: file.path, line: line.number, what }];
    }),
  );
}

/** The value of a systemd directive, the last one where it is set again, and its line. */
export function directiveIn(
  file: ScannedFile,
  name: string,
): { readonly value: string; readonly line: number } | null {
  const pattern = new RegExp(`^\\s*${name}\\s*=\\s*(.*?)\\s*$`, "i");
  const found = file.lines.flatMap(({ text, number }) => {
    const value = pattern.exec(text)?.[1];
    return value === undefined ? [] : [{ value, line: number }];
  });
  return found.at(-1) ?? null;
}
