import { spawn } from "node:child_process";
import type { Environment } from "../../claude/locations.ts";
import { PilotlightError } from "../../core/errors.ts";

/** How a program ended. */
interface Ran {
  /** 127 where there is none, 124 where it took too long. */
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a program to its end; never rejects. `patience` in ms. */
export type Run = (argv: readonly [string, ...string[]], patience?: number) => Promise<Ran>;

/** What an installation changes besides files: the services of this user, or of the system. */
export interface Machine {
  readonly isSystem: boolean;
  readonly run: Run;
}

const PATIENCE = 20_000;

/** A stop waits for a grant in flight, 200 s at most; ms. */
const STOP_PATIENCE = 230_000;

/** Programs of this machine, as `env` finds them. */
export function programsOf(env: Environment): Run {
  return ([program, ...args], patience = PATIENCE) =>
    new Promise((resolve) => {
      // A group of its own: Ctrl-C is for us, and undoes what has been done.
      const child = spawn(program, args, {
        env: { ...env },
        stdio: ["ignore", "pipe", "pipe"],
        detached: true,
        timeout: patience,
      });
      let [out, err] = ["", ""];
      child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
      child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
      child.once("error", (error) => resolve({ code: 127, out, err: error.message }));
      child.once("close", (code) => resolve({ code: code ?? 124, out, err }));
    });
}

/** @throws PilotlightError `service_failed` with what systemd says */
export async function systemctl(
  { isSystem, run }: Machine,
  ...words: readonly [string, ...string[]]
): Promise<string> {
  const argv = ["systemctl", ...(isSystem ? [] : ["--user"]), ...words] as const;
  const patience = words[0] === "stop" || words[0] === "restart" ? STOP_PATIENCE : PATIENCE;
  const { code, out, err } = await run(argv, patience);
  if (code === 0) return out;
  const [why = ""] = err.trim().split("\n");
  throw new PilotlightError("service_failed", `${argv.join(" ")} ended with ${code}: ${why}`);
}

/** Properties of a unit; those of one that nobody knows are empty. */
export async function unitState(
  machine: Machine,
  unit: string,
): Promise<{ readonly active: string; readonly sub: string; readonly status: string }> {
  const names = ["ActiveState", "SubState", "ExecMainStatus"];
  const shown = await systemctl(machine, "show", "-p", names.join(","), unit);
  const value = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(shown)?.[1] ?? "";
  return { active: value("ActiveState"), sub: value("SubState"), status: value("ExecMainStatus") };
}

/** Whether a stop would stop something: also between two restarts. */
export async function isRunning(machine: Machine, unit: string): Promise<boolean> {
  const { active } = await unitState(machine, unit);
  return active !== "" && active !== "inactive" && active !== "failed";
}
