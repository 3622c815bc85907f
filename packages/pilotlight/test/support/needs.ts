import { spawnSync } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, it } from "vitest";

type Block = () => void | Promise<void>;

/** `describe` and `it` that run when everything needed is here, and otherwise skip with what is missing in their title. */
export interface Gate {
  /** What is missing, as a phrase; `null` when nothing is. */
  readonly missing: string | null;
  describe(title: string, block: () => void): void;
  /** @param timeout ms; 30 s unless told, for what is needed is mostly a program to start. */
  it(title: string, block: Block, timeout?: number): void;
}

/** How to find out whether a thing works here, where being on PATH says too little. */
const PROBES: Readonly<Record<string, () => boolean>> = {
  linux: () => process.platform === "linux",
  root: () => process.getuid?.() === 0,
  unshare: () => runs("unshare", ["-m", "true"]),
  "a systemd manager of its own": canStartManager,
  strace: () => runs("strace", ["-f", "-o", "/dev/null", "true"]),
  "chattr +i": canMakeImmutable,
};

/** Arguments for unshare(1), before a home and a command: runs it beside a systemd manager whose home that is. */
export const OWN_MANAGER = [
  "--mount",
  "--propagation",
  "private",
  "sh",
  fileURLToPath(new URL("own-manager.sh", import.meta.url)),
] as const;

const answers = new Map<string, boolean>();

/**
 * Names what a test cannot do without: a probe of this file, or else any command on PATH.
 * With `PILOTLIGHT_REQUIRE_ALL=1` a missing thing fails the test instead of skipping it.
 */
export function needs(...things: readonly string[]): Gate {
  const absent = things.filter((thing) => !isHere(thing));
  if (absent.length === 0) {
    return {
      missing: null,
      describe: (title, block) => void describe(title, block),
      it: (title, block, timeout = 30_000) => it(title, block, timeout),
    };
  }
  const missing = `needs ${absent.join(" and ")}`;
  const refuse = (title: string): void => {
    const name = `${title} [${missing}]`;
    const isOptional = process.env["PILOTLIGHT_REQUIRE_ALL"] !== "1";
    if (isOptional) it.skip(name, () => {});
    else
      it(name, () => {
        throw new Error(`${missing}, and PILOTLIGHT_REQUIRE_ALL=1 allows no skipping`);
      });
  };
  return { missing, describe: refuse, it: refuse };
}

function isHere(thing: string): boolean {
  const known = answers.get(thing);
  if (known !== undefined) return known;
  const answer = (PROBES[thing] ?? (() => isOnPath(thing)))();
  answers.set(thing, answer);
  return answer;
}

function isOnPath(command: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function runs(command: string, args: readonly string[], timeout = 10_000): boolean {
  return spawnSync(command, args, { stdio: "ignore", timeout }).status === 0;
}

function canStartManager(): boolean {
  const home = mkdtempSync(join(tmpdir(), "pilotlight-test-"));
  const probe = [...OWN_MANAGER, home, "systemd-run", "--user", "--wait", "true"];
  // Of three that start at once, one may find that its endpoint is not connected (systemd 252, 2026-11).
  const can = [1, 2, 3].some(() => runs("unshare", probe, 20_000));
  rmSync(home, { recursive: true, force: true });
  return can;
}

function canMakeImmutable(): boolean {
  const directory = mkdtempSync(join(tmpdir(), "pilotlight-test-"));
  const file = join(directory, "file");
  writeFileSync(file, "");
  const can = runs("chattr", ["+i", file]);
  if (can) runs("chattr", ["-i", file]);
  rmSync(directory, { recursive: true, force: true });
  return can;
}
