import { join } from "node:path";
import { findClaude } from "../../claude/build/find-claude.ts";
import { readSettings } from "../../claude/precedence/settings.ts";
import { revokeLogin } from "../../claude/signing-in/revoke-login.ts";
import { stageIn } from "../../claude/staging/stage.ts";
import { refuseNested, stagingEnvironment } from "../../claude/staging/staging-environment.ts";
import type { Credential } from "../../core/credential.ts";
import { PilotlightError } from "../../core/errors.ts";
import { isObject } from "../../core/json-object.ts";
import { readSmallText } from "../../disk/read-small-text.ts";
import { signOut } from "../../keeper/sign-out.ts";
import { durableFiles } from "../../stores/durable-files.ts";
import { chronicle } from "../chronicle.ts";
import { type Config, type LoginConfig, readConfig } from "../config.ts";
import type { Io } from "../io.ts";
import { refuseKeychain } from "../refuse-keychain.ts";
import { selectLogin } from "../logins.ts";
import { stateOf } from "../state-of.ts";
import { wire } from "../wire.ts";

export interface LogoutFlags {
  readonly login?: string;
  readonly revoke?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** `pilotlight logout`: takes a login out of its file, and leaves the logins of others in it. */
export async function logout(flags: LogoutFlags, io: Io): Promise<number> {
  refuseNested(io.env);
  refuseKeychain("claude auth logout");
  const config = await readConfig(io.env);
  const login = selectLogin(config, flags.login);
  if (login.envFile !== null) {
    const fix = "take its line out; Claude Code's settings page in the browser revokes the token";
    throw new PilotlightError("usage", `${login.name} stands in ${login.envFile}: ${fix}`);
  }
  const { store, locations } = stateOf(config, login);
  const entry = await store.read();
  if (entry.state === "absent")
    throw new PilotlightError("no_credential", locations.credentialsFile);
  const siblings = await siblingsIn(locations.credentialsFile);
  if (!(await isAgreed(flags, login, siblings, io))) return 0;
  await store.proveWritable();
  const isRevocable = flags.revoke === true && entry.state === "present";
  const said = isRevocable ? await revoke(config, login, entry.credential) : null;
  const noted = chronicle(config.stateDir, login.name);
  await signOut(wire(config, login, noted.tell));
  noted.note({ kind: "login", code: "signed_out" });
  await noted.write();
  report({ login, siblings, said }, flags, io);
  return 0;
}

/** The names of what others keep in the same file. */
async function siblingsIn(path: string): Promise<readonly string[]> {
  try {
    const document: unknown = JSON.parse(await readSmallText(path));
    return isObject(document) ? Object.keys(document).filter((key) => key !== "claudeAiOauth") : [];
  } catch {
    return [];
  }
}

async function isAgreed(
  { yes, revoke: isRevoked }: LogoutFlags,
  { name }: LoginConfig,
  siblings: readonly string[],
  io: Io,
): Promise<boolean> {
  if (yes === true) return true;
  if (!io.isTty || !process.stdin.isTTY) {
    throw new PilotlightError("usage", "without a terminal, logout needs --yes");
  }
  const kept = siblings.length === 0 ? "" : ` ${siblings.join(", ")} in the same file stays;`;
  io.err(
    `This signs ${name} out: jobs fail until a person signs in again.${kept} \`claude auth logout\` would delete the whole file.\n`,
  );
  if (isRevoked !== true) io.err("The server is not told; --revoke has Claude Code tell it.\n");
  const { confirm, isCancel } = await import("@clack/prompts");
  const answer = await confirm({ message: "Sign out?", initialValue: false });
  return !isCancel(answer) && answer;
}

async function revoke(config: Config, login: LoginConfig, credential: Credential): Promise<string> {
  const stage = stageIn(join(config.stateDir, "staging", `${login.name}.sign-out`), durableFiles());
  const settings = await readSettings(stateOf(config, login).locations.settingsFile);
  const env = stagingEnvironment(stage.directory, config.env, settings.env);
  const { argv } = await findClaude(config.claude, config.env);
  return revokeLogin(credential, { argv, env }, stage);
}

function report(
  {
    login,
    siblings,
    said,
  }: { login: LoginConfig; siblings: readonly string[]; said: string | null },
  { json }: LogoutFlags,
  io: Io,
): void {
  if (json === true) {
    const schema = "pilotlight.logout/v1";
    io.out(`${JSON.stringify({ schema, login: login.name, kept: siblings, revocation: said })}\n`);
    return;
  }
  const kept = siblings.length === 0 ? "" : `; kept in the same file: ${siblings.join(", ")}`;
  io.out(`${login.name}: signed out${kept}\n`);
  if (said !== null) io.out(`Claude Code on the revocation: ${said}\n`);
}
