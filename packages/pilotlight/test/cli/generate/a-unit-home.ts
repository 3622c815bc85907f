import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import {
  type CredentialsDocument,
  type Sandbox,
  startSandbox,
} from "../../../src/sandbox/index.ts";
import { recallBuild } from "../../e2e/support/build-memory.ts";
import type { ClaudeBuild } from "../../support/claude-builds.ts";
import { isolatedHome } from "../../support/isolated.ts";
import { putLogin } from "../a-login.ts";
import { runHere } from "../run-here.ts";

const CACHE = fileURLToPath(new URL("../../../../../.cache/", import.meta.url));

/** The home of a unit, with a login of the sandbox in it. */
export interface UnitHome {
  readonly root: string;
  readonly sandbox: Sandbox;
  readonly env: Record<string, string>;
  /** The credential file. */
  readonly file: string;
  document(): CredentialsDocument;
  readonly state: string;
  /** Generates a unit where a manager of this home finds it; what it says goes into a file. */
  install(what: "systemd" | "systemd-timer", flags: readonly string[]): Promise<string>;
  /** One more line for a drop-in of the keeper's unit. */
  overrideWith(line: string): void;
  /** What the unit has said. */
  said(): string;
}

/** Makes one for the running test. In /tmp, where a service may have one for itself alone, only if asked. */
export async function unitHome(
  { version, command }: ClaudeBuild,
  {
    isInTmp = false,
    expiresAt = 1,
  }: {
    readonly isInTmp?: boolean;
    /** Of the login; `null` for none. */
    readonly expiresAt?: number | null;
  } = {},
): Promise<UnitHome> {
  const isolated = isolatedHome();
  mkdirSync(CACHE, { recursive: true });
  const root = isInTmp ? isolated.home : mkdtempSync(join(CACHE, "a unit's home-"));
  const sandbox = await startSandbox();
  onTestFinished(async () => {
    await sandbox.stop();
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
    isolated.cleanup();
  });
  const configDir = join(root, ".claude");
  mkdirSync(configDir, { recursive: true });
  const file = join(configDir, ".credentials.json");
  if (expiresAt !== null) putLogin(configDir, { ...sandbox.signIn().claudeAiOauth, expiresAt });
  // Not where the sandbox keeps it, in /tmp.
  const certificate = join(root, "ca.pem");
  copyFileSync(sandbox.caFile, certificate);
  const env = {
    ...isolated.env,
    ...sandbox.env(),
    NODE_EXTRA_CA_CERTS: certificate,
    HOME: root,
    CLAUDE_CONFIG_DIR: configDir,
    XDG_CONFIG_HOME: join(root, ".config"),
    XDG_STATE_HOME: join(root, "state"),
    PILOTLIGHT_CLAUDE: JSON.stringify(command),
    PILOTLIGHT_LISTEN: "127.0.0.1:0",
  };
  const state = join(root, "state", "pilotlight");
  recallBuild(version, state);
  const units = join(root, ".config", "systemd", "user");
  const said = join(root, "said");
  const override = (unit: string, name: string, line: string) => {
    const folder = join(units, `${unit}.d`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${name}.conf`), `[Service]\n${line}\n`);
  };
  return {
    root,
    sandbox,
    env,
    file,
    document: () => JSON.parse(readFileSync(file, "utf8")),
    state,
    overrideWith: (line) => override("pilotlight.service", "test", line),
    async install(what, flags) {
      await runHere(["generate", what, ...flags, "--out", `${units}/`], env);
      const name = what === "systemd" ? "pilotlight.service" : "pilotlight-refresh.service";
      override(name, "said", `StandardError=append:${said}`);
      return readFileSync(join(units, name), "utf8");
    },
    said: () => readFileSync(said, "utf8"),
  };
}
