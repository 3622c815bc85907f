import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Token } from "../../core/credential.ts";
import { PilotlightError } from "../../core/errors.ts";
import { scrub } from "../../core/scrub.ts";
import { tokenOf } from "../fingerprint.ts";
import { endGroup, endProcessesIn } from "../process-group.ts";
import { NOT_WIDE, refuseWithoutTerminal, terminalCommand } from "./terminal-command.ts";
import { linkIn, refusalIn, setupTokenIn, terminalText } from "./terminal-text.ts";

/** A `claude setup-token` that waits for the code of its link. */
export interface SetupTokenChild {
  /** The link that a person has to open. */
  readonly link: string;
  /**
   * Passes the code on and reads the token, which is shown this once and stored nowhere.
   * @param keep is given the token before the child is ended
   * @throws PilotlightError `code_rejected` with Claude Code's own words; `sign_in_failed`
   */
  give(code: string, keep: (token: Token) => Promise<void>): Promise<void>;
  /** Ends the child, and whatever it started in its directory. */
  cancel(): void;
}

/** ms for the link, for the echo of the code, for its exchange, and for the end after that. */
export const SETUP_TOKEN_PATIENCE = {
  link: 60_000,
  echo: 5_000,
  exchange: 90_000,
  end: 5_000,
} as const;

interface SetupTokenOptions {
  /** The words that start Claude Code. */
  readonly argv: readonly [string, ...string[]];
  /** Its own, private directory: whatever runs in there is ended with it. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly patience?: Readonly<Record<keyof typeof SETUP_TOKEN_PATIENCE, number>>;
}

/**
 * Starts `claude setup-token` on a terminal of its own (without one it shows nothing, and hangs: measured on 2.1.329,
 * 2.1.216 and 2.1.104, 2026-11) and waits for its link.
 * @throws PilotlightError `unsupported` without a terminal to give it; `cli_not_found`; `sign_in_failed`
 */
export async function startSetupToken(options: SetupTokenOptions): Promise<SetupTokenChild> {
  const { cwd, signal, patience = SETUP_TOKEN_PATIENCE } = options;
  await refuseWithoutTerminal(options.env);
  const child = await started(options);
  const shown = reader(child);
  const cancel = () => endAll(child, cwd);
  signal.addEventListener("abort", cancel, { once: true });
  try {
    if (signal.aborted) throw new PilotlightError("sign_in_failed", "it was given up");
    const link = await shown.awaited(() => waitingLinkIn(shown.text()), patience.link);
    if (link === null) throw noLink(child, shown.text());
    return {
      link,
      cancel,
      async give(code, keep) {
        signal.removeEventListener("abort", cancel);
        try {
          await keep(await exchange(child, shown, code, patience));
          // It puts its terminal back, and has nothing left to say.
          await shown.awaited(() => null, patience.end);
        } finally {
          cancel();
        }
      },
    };
  } catch (error) {
    cancel();
    throw error;
  }
}

/** The link, once the field for the code is there, too. */
function waitingLinkIn(text: string): string | null {
  return /paste code/i.test(text) ? linkIn(text) : null;
}

async function exchange(
  child: ChildProcess,
  shown: Reader,
  code: string,
  patience: NonNullable<SetupTokenOptions["patience"]>,
): Promise<Token> {
  const before = shown.text().length;
  child.stdin?.write(code);
  // Together with the code, the Enter would count as a part of what was pasted.
  await shown.awaited(() => (shown.text().indexOf("*", before) < 0 ? null : true), patience.echo);
  child.stdin?.write("\r");
  const since = () => shown.text().slice(before);
  const isOver = () => setupTokenIn(since()) ?? refusalIn(since());
  await shown.awaited(isOver, patience.exchange);
  const token = setupTokenIn(since());
  if (token !== null) return tokenOf(token);
  const refusal = refusalIn(since());
  if (refusal !== null) throw new PilotlightError("code_rejected", scrub(refusal).slice(0, 300));
  const detail = shown.hasEnded()
    ? "Claude Code ended without showing a token"
    : `no token was shown within ${patience.exchange / 1000} s`;
  throw new PilotlightError("sign_in_failed", detail);
}

function noLink(child: ChildProcess, text: string): PilotlightError {
  if (child.exitCode === NOT_WIDE) {
    return new PilotlightError("unsupported", "`stty` could not make the terminal wide enough");
  }
  const [last = ""] = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .slice(-1);
  const words = scrub(last).slice(0, 300);
  return new PilotlightError("sign_in_failed", `it showed no link${words && `: ${words}`}`);
}

async function started({ argv, cwd, env }: SetupTokenOptions): Promise<ChildProcess> {
  const [program, ...args] = terminalCommand([...argv, "setup-token"]);
  const child = spawn(program, args, {
    cwd,
    // The shell of the user may be none; the link is shown here, and a browser on a server would wait for nobody.
    env: { ...env, SHELL: "/bin/sh", TERM: "xterm-256color", BROWSER: "true" },
    stdio: ["pipe", "pipe", "ignore"],
    detached: true,
  });
  // A child that has just ended takes no code; its end says so.
  child.stdin.on("error", () => undefined);
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (error) => reject(new PilotlightError("unsupported", error.message)));
  });
  return child;
}

/** What a child shows on its terminal. */
interface Reader {
  text(): string;
  hasEnded(): boolean;
  /** Looks until something is there, the time (ms) is over, or the child has ended. */
  awaited<T>(look: () => T | null, ms: number): Promise<T | null>;
}

function reader(child: ChildProcess): Reader {
  let output = "";
  let hasEnded = false;
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.once("close", () => (hasEnded = true));
  const text = () => terminalText(output);
  return {
    text,
    hasEnded: () => hasEnded,
    async awaited(look, ms) {
      for (const end = performance.now() + ms; performance.now() < end;) {
        const found = look();
        if (found !== null || hasEnded) return found;
        await sleep(20);
      }
      return look();
    },
  };
}

/** Without its `script`, Claude Code would wait on a terminal that is gone. */
function endAll(child: ChildProcess, directory: string): void {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    endGroup(child.pid);
  }
  endProcessesIn(directory);
}
