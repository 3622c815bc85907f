import { type ChildProcess, spawn } from "node:child_process";
import { PilotlightError } from "../../core/errors.ts";
import { scrub } from "../../core/scrub.ts";
import { endGroup } from "../process-group.ts";

/** A Claude Code that is signing in, and waits for the code of its link. */
export interface SignInChild {
  /** The link that a person has to open. */
  readonly link: string;
  /**
   * Passes the code on, and waits for the end. From here on the child is never signalled: the server may have
   * issued tokens that only it knows.
   * @throws PilotlightError `code_rejected` with Claude Code's own words; `refresh_running` when it has not ended in time
   */
  give(code: string): Promise<void>;
  /** Ends the child; nothing was issued before a code was given. */
  cancel(): void;
}

interface SignInOptions {
  /** The words that start Claude Code. */
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** ms for the link, for the prompt after it, and for the exchange of the code. */
const PATIENCE = { link: 60_000, prompt: 5_000, exchange: 90_000 } as const;

const LINK = /https:\/\/\S+[?&]state=[^\s&]+/;
/** 2.1.104 prints a link and takes no code on a pipe (measured 2026-11). */
const PROMPT = /paste code/i;

/**
 * Starts `claude auth login` over plain pipes and waits for its link.
 * @throws PilotlightError `cli_not_found`; `unsupported` for a build that takes no code here; `sign_in_failed`
 */
export async function startSignIn(options: SignInOptions): Promise<SignInChild> {
  const child = await started(options);
  const said = collect(child);
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const cancel = () => endChild(child);
  options.signal.addEventListener("abort", cancel, { once: true });
  try {
    const link = await awaited(() => LINK.exec(said.out())?.[0], PATIENCE.link, ended);
    if (link === undefined) throw failure(said.all(), "it showed no link");
    if (!(await awaited(() => PROMPT.test(said.out()) || undefined, PATIENCE.prompt, ended))) {
      const fix = "this Claude Code takes no code here; name a newer one (refresh.claude)";
      throw new PilotlightError(
        "unsupported",
        `${fix}, or type \`claude auth login\` in a terminal`,
      );
    }
    return {
      link,
      cancel,
      async give(code) {
        options.signal.removeEventListener("abort", cancel);
        child.stdin?.end(`${code}\n`);
        if ((await exchanged(child, ended)) !== 0)
          throw new PilotlightError("code_rejected", wordsOf(said.err()));
      },
    };
  } catch (error) {
    cancel();
    throw error;
  }
}

/**
 * Has Claude Code take a login over from the refresh token in its environment (`CLAUDE_CODE_OAUTH_REFRESH_TOKEN`,
 * `CLAUDE_CODE_OAUTH_SCOPES`), which spends that token. Nobody is asked.
 * @throws PilotlightError `cli_not_found`; `sign_in_failed` with Claude Code's own words; `refresh_running`
 */
export async function takeOver(options: Omit<SignInOptions, "signal">): Promise<void> {
  const child = await started(options);
  child.stdin?.end();
  const said = collect(child);
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  if ((await exchanged(child, ended)) !== 0)
    throw failure(said.err() || said.out(), "Claude Code did not say why");
}

/** Waits for the end of what may bring a login, and leaves it alone after that. @throws PilotlightError `refresh_running` */
async function exchanged(
  child: ChildProcess,
  ended: Promise<number | null>,
): Promise<number | null> {
  const exit = await within(ended, PATIENCE.exchange);
  if (exit !== undefined) return exit;
  child.unref();
  const detail = `the sign-in has not ended after ${PATIENCE.exchange / 1000} s`;
  throw new PilotlightError("refresh_running", detail);
}

async function started({ argv, cwd, env }: Omit<SignInOptions, "signal">): Promise<ChildProcess> {
  const [program, ...args] = argv;
  const child = spawn(program, [...args, "auth", "login", "--claudeai"], {
    cwd,
    // Whoever starts this has the link already; a browser on a server would wait for nobody.
    env: { ...env, BROWSER: "true" },
    stdio: "pipe",
    detached: process.platform !== "win32",
    windowsHide: true,
  });
  // A child that has just ended takes no code; its end says so.
  child.stdin.on("error", () => undefined);
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (error) =>
      reject(new PilotlightError("cli_not_found", `${program}: ${error.message}`)),
    );
  });
  return child;
}

function collect(child: ChildProcess) {
  let [out, err] = ["", ""];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (err += text));
  return { out: () => out, err: () => err, all: () => `${out}\n${err}` };
}

/** Looks until something is there, the time is over, or the child has ended. */
async function awaited<T>(
  look: () => T | undefined,
  ms: number,
  ended: Promise<unknown>,
): Promise<T | undefined> {
  let isOver = false;
  void ended.then(() => (isOver = true));
  for (const end = performance.now() + ms; performance.now() < end;) {
    const found = look();
    if (found !== undefined || isOver) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return look();
}

async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function failure(text: string, otherwise: string): PilotlightError {
  return new PilotlightError("sign_in_failed", wordsOf(text) || otherwise);
}

/** The last thing that was said, in one line and without anything token-shaped. */
function wordsOf(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  return scrub(lines.findLast((line) => line !== "") ?? "").slice(0, 300);
}

function endChild(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  endGroup(child.pid);
}
