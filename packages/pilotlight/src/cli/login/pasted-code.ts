import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { errnoOf, PilotlightError } from "../../core/errors.ts";
import type { Io } from "../io.ts";

/** Where the code of a sign-in comes from. */
export interface CodeSource {
  /** Asks for one. `null` when there will be none. */
  next(complaint: string | null): Promise<string | null>;
  /** True where a person is asked, who may try again. */
  readonly isPatient: boolean;
}

/** ms between two looks for a file that is to bring the code. */
const LOOK = 250;

/**
 * A masked prompt on a terminal, else a line of standard input; or what `from` names: a file that will be there,
 * `-`, or the number of an open descriptor.
 */
export function codeSource(from: string | undefined, io: Io, signal: AbortSignal): CodeSource {
  if (from === undefined && io.isTty && process.stdin.isTTY) return prompt(signal);
  if (from === undefined || from === "-" || /^\d+$/.test(from)) {
    const stream = from === undefined || from === "-" ? process.stdin : descriptor(Number(from));
    return { isPatient: false, next: () => lineOf(stream, signal) };
  }
  return { isPatient: false, next: () => contentOf(from, signal) };
}

function prompt(signal: AbortSignal): CodeSource {
  return {
    isPatient: true,
    async next(complaint) {
      const { isCancel, password } = await import("@clack/prompts");
      const message =
        complaint === null ? "The code that the browser shows" : `${complaint}. The code`;
      const given = await password({ message, signal, output: process.stderr });
      return isCancel(given) ? null : given;
    },
  };
}

function descriptor(fd: number): NodeJS.ReadableStream {
  return createReadStream("", { fd });
}

async function lineOf(stream: NodeJS.ReadableStream, signal: AbortSignal): Promise<string | null> {
  const lines = createInterface({ input: stream, signal });
  try {
    // A code that was wrapped comes as several lines; it is whole when its second part is there.
    let text = "";
    for await (const line of lines) {
      text += line;
      if (/#\S/.test(text) || line.trim() === "") break;
    }
    return text.trim() === "" ? null : text;
  } catch (error) {
    throw new PilotlightError("sign_in_failed", `the code could not be read: ${String(error)}`);
  } finally {
    lines.close();
  }
}

async function contentOf(path: string, signal: AbortSignal): Promise<string | null> {
  while (!signal.aborted) {
    const text = await readFile(path, "utf8").catch((error: unknown) => {
      if (errnoOf(error) === "ENOENT") return "";
      throw new PilotlightError("usage", `--code-from ${path}: ${errnoOf(error) ?? String(error)}`);
    });
    if (text.trim() !== "") return text;
    await sleep(LOOK, undefined, { signal }).catch(() => undefined);
  }
  return null;
}
