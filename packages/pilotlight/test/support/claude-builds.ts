import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

/** The builds the tests run: two native binaries and the last measured JavaScript one. */
export const CLAUDE_VERSIONS = ["2.1.329", "2.1.216", "2.1.104"] as const;
export type ClaudeVersion = (typeof CLAUDE_VERSIONS)[number];

/** A real Claude Code on this machine; `command` is its argv, to which arguments are appended. */
export interface ClaudeBuild {
  readonly version: ClaudeVersion;
  readonly command: readonly [string, ...string[]];
}

const CACHE = fileURLToPath(new URL("../../../../.cache/claude/", import.meta.url));

const PACKAGES = {
  "2.1.329": { name: "@anthropic-ai/claude-code-linux-x64", entry: "claude", native: true },
  "2.1.216": { name: "@anthropic-ai/claude-code-linux-x64", entry: "claude", native: true },
  "2.1.104": { name: "@anthropic-ai/claude-code", entry: "cli.js", native: false },
} as const satisfies Record<ClaudeVersion, { name: string; entry: string; native: boolean }>;

/** Finds a build in the cache; `null` when `node scripts/fetch-claude.ts` has not put it there. */
export function claudeBuild(version: ClaudeVersion): ClaudeBuild | null {
  const entry = entryIn(join(CACHE, version), version);
  if (!existsSync(entry)) return null;
  const { native } = PACKAGES[version];
  return { version, command: native ? [entry] : [process.execPath, entry] };
}

/** Installs a build into the cache unless it is there. @throws Error when npm fails or the package lacks its entry file. */
export async function installClaudeBuild(version: ClaudeVersion): Promise<ClaudeBuild> {
  const present = claudeBuild(version);
  if (present !== null) return present;
  const { name, entry } = PACKAGES[version];
  await installCached(version, `${name}@${version}`, join(name, entry));
  const build = claudeBuild(version);
  if (build === null) throw new Error(`${version} is not where it was installed`);
  return build;
}

const AGENT_SDK = "@anthropic-ai/claude-agent-sdk";
export const AGENT_SDK_VERSION = "0.3.329";

/** The entry of the Agent SDK in the cache; `null` when it is not there. */
export function agentSdk(): string | null {
  const path = join(CACHE, `agent-sdk-${AGENT_SDK_VERSION}`, "node_modules", AGENT_SDK, "sdk.mjs");
  return existsSync(path) ? path : null;
}

/** Installs the Agent SDK, without the copy of Claude Code that it brings along. */
export async function installAgentSdk(): Promise<string> {
  const name = `agent-sdk-${AGENT_SDK_VERSION}`;
  const spec = `${AGENT_SDK}@${AGENT_SDK_VERSION}`;
  if (agentSdk() === null) await installCached(name, spec, join(AGENT_SDK, "sdk.mjs"));
  return agentSdk() ?? name;
}

async function installCached(folder: string, spec: string, entry: string): Promise<void> {
  const target = join(CACHE, folder);
  const staged = join(CACHE, `.tmp-${folder}-${process.pid}`);
  await mkdir(staged, { recursive: true });
  try {
    await npmInstall(staged, spec);
    if (!existsSync(join(staged, "node_modules", entry))) {
      throw new Error(`${spec} has no ${entry}`);
    }
    // An unfinished folder of an older script has no entry file, so nobody can be using it.
    await rm(target, { recursive: true, force: true });
    await rename(staged, target);
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
}

function entryIn(folder: string, version: ClaudeVersion): string {
  const { name, entry } = PACKAGES[version];
  return join(folder, "node_modules", name, entry);
}

function npmInstall(prefix: string, spec: string): Promise<void> {
  const quiet = ["--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"];
  const flags = [...quiet, "--omit=optional"];
  return new Promise((resolve, reject) => {
    const child = spawn("npm", ["install", "--prefix", prefix, ...flags, spec], {
      cwd: prefix,
      stdio: ["ignore", "ignore", "inherit"],
    });
    child.once("error", reject);
    child.once("exit", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`npm install ${spec} ended with ${code ?? "a signal"}`));
    });
  });
}
