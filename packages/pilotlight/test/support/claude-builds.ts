import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { installPackage } from "./cached-package.ts";

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
  await installPackage(join(CACHE, version), `${name}@${version}`, entry);
  const build = claudeBuild(version);
  if (build === null) throw new Error(`${version} is not where it was installed`);
  return build;
}

const AGENT_SDK = "@anthropic-ai/claude-agent-sdk";
const AGENT_SDK_VERSION = "0.3.329";

/** The entry of the Agent SDK in the cache; `null` when it is not there. */
export function agentSdk(): string | null {
  const path = join(CACHE, `agent-sdk-${AGENT_SDK_VERSION}`, "node_modules", AGENT_SDK, "sdk.mjs");
  return existsSync(path) ? path : null;
}

/** Installs the Agent SDK, without the copy of Claude Code that it brings along. */
export async function installAgentSdk(): Promise<string> {
  const name = `agent-sdk-${AGENT_SDK_VERSION}`;
  const spec = `${AGENT_SDK}@${AGENT_SDK_VERSION}`;
  if (agentSdk() === null) await installPackage(join(CACHE, name), spec, "sdk.mjs");
  return agentSdk() ?? name;
}

function entryIn(folder: string, version: ClaudeVersion): string {
  const { name, entry } = PACKAGES[version];
  return join(folder, "node_modules", name, entry);
}
