import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The built command line. */
export const CLI = fileURLToPath(
  new URL("../../packages/pilotlight/dist/cli.mjs", import.meta.url),
);

/** The built stand-in for Claude Code. */
export const STAND_IN = fileURLToPath(
  new URL("../../packages/pilotlight/dist/stand-in.mjs", import.meta.url),
);

/** A home with an invented login, and an environment that leads nowhere else. */
export function benchHome(document: unknown) {
  const home = realpathSync(mkdtempSync(join(tmpdir(), "pilotlight-bench-")));
  const configDir = join(home, ".claude");
  mkdirSync(configDir, { mode: 0o700 });
  const file = join(configDir, ".credentials.json");
  writeFileSync(file, JSON.stringify(document), { mode: 0o600 });
  const env = { PATH: process.env["PATH"] ?? "", HOME: home, CLAUDE_CONFIG_DIR: configDir };
  const cleanup = () => rmSync(home, { recursive: true, force: true });
  return { home, configDir, file, env, cleanup };
}

/** Puts a program named `claude` into a home. @returns its path */
export function putClaude(home: string, script: string): string {
  const path = join(home, "claude");
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** An invented login that is fresh for hours. */
export function freshDocument() {
  return {
    claudeAiOauth: {
      accessToken: `sk-ant-oat01-TEST${"a".repeat(90)}`,
      refreshToken: `sk-ant-ort01-TEST${"r".repeat(90)}`,
      expiresAt: Date.now() + 8 * 3_600_000,
      scopes: ["user:inference"],
      subscriptionType: "max",
    },
  };
}

/**
 * Runs each command in turn, `rounds` times over, so that noise meets all of them alike.
 * @returns ms, sorted
 * @throws where one fails: what does nothing is fast
 */
export function interleaved(
  commands: Readonly<Record<string, readonly string[]>>,
  env: Record<string, string>,
  rounds: number,
): Record<string, number[]> {
  const times: Record<string, number[]> = {};
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, [program = "", ...args]] of Object.entries(commands)) {
      const start = performance.now();
      const { status } = spawnSync(program, args, { env, stdio: "ignore" });
      (times[name] ??= []).push(performance.now() - start);
      if (status !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${status}`);
    }
  }
  for (const list of Object.values(times)) list.sort((a, b) => a - b);
  return times;
}

export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function printTimes(sorted: readonly number[]): string {
  return `${quantile(sorted, 0).toFixed(1)} / ${quantile(sorted, 0.5).toFixed(1)} ms`;
}
