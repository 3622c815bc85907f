import { scrub } from "../../core/scrub.ts";
import type { Io } from "../io.ts";
import { printable } from "../printable.ts";
import type { LogFormat } from "../settings-table.ts";

type LogLevel = "info" | "warn" | "error";

/** One line of a daemon's log. */
export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly login?: string;
  readonly code?: string;
}

export type Log = (line: LogLine) => void;

/** syslog(3) priorities, which journald takes from the start of a line (sd-daemon(3)). */
const PRIORITY: Readonly<Record<LogLevel, number>> = { error: 3, warn: 4, info: 6 };

/** Lines on stderr: for people, or JSON by pino for machines. Nothing token-shaped passes. */
export async function keepLog(format: LogFormat, io: Io): Promise<Log> {
  if (format === "json") {
    const { pino } = await import("pino");
    const stream = { write: (line: string) => io.err(line) };
    const logger = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream);
    return ({ level, message, ...more }) => logger[level](more, scrub(message));
  }
  const isJournal = (io.env["JOURNAL_STREAM"] ?? "") !== "";
  return ({ level, message, login, code }) => {
    const place = login === undefined ? "" : `${login}: `;
    const name = code === undefined ? "" : `${code}: `;
    const head = isJournal ? `<${PRIORITY[level]}>` : `${new Date().toISOString()} `;
    io.err(`${head}pilotlight: ${place}${name}${printable(scrub(message))}\n`);
  };
}
