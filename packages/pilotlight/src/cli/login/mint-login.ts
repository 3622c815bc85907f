import { SETUP_TOKEN } from "../../claude/token-credential.ts";
import { PilotlightError } from "../../core/errors.ts";
import { isoOf } from "../../core/iso-time.ts";
import { durableFiles } from "../../stores/durable-files.ts";
import { envFilePlace, type TokenPlace, tokenFilePlace } from "../../stores/token-place.ts";
import { absolute } from "../config-file.ts";
import type { Config, LoginConfig } from "../config.ts";
import type { Io } from "../io.ts";
import { type DialogueFlags, holdDialogue } from "./dialogue.ts";
import { handOnCommands, type PlaceKind } from "./hand-on.ts";
import type { Minted } from "./mint-token.ts";
import { openMint } from "./open-mint.ts";

export interface MintFlags extends DialogueFlags {
  readonly toEnvFile?: string;
  readonly toSystemdCredential?: string;
}

/**
 * `pilotlight login --setup-token`: a person has a token of a year minted, which goes into a file and is shown to nobody.
 * @returns whether it is the login's own file that holds it now
 */
export async function mintLogin(
  config: Config,
  login: LoginConfig,
  flags: MintFlags,
  io: Io,
): Promise<boolean> {
  const { kind, place } = placeFor(config, login, flags);
  const minted = await holdDialogue({
    begin: (signal) => openMint(config, login, { kind, place, signal }),
    flags,
    io,
    what: "token",
  });
  report(minted, { login, kind, path: place.path }, flags, io);
  return place.path === login.envFile;
}

function placeFor(
  { home }: Config,
  { envFile }: LoginConfig,
  flags: MintFlags,
): { readonly kind: PlaceKind; readonly place: TokenPlace } {
  const files = durableFiles();
  if (flags.toSystemdCredential !== undefined) {
    const path = absolute(flags.toSystemdCredential, home);
    return { kind: "systemd-credential", place: tokenFilePlace(path, files) };
  }
  const path = flags.toEnvFile === undefined ? envFile : absolute(flags.toEnvFile, home);
  if (path !== null) return { kind: "env-file", place: envFilePlace(path, SETUP_TOKEN, files) };
  const places = "--to-env-file, --to-systemd-credential, or a login with env_file";
  throw new PilotlightError("usage", `--setup-token needs a place for the token: ${places}`);
}

function report(
  { token, endsAt, isResumed, closedMode }: Minted,
  {
    login: { name },
    kind,
    path,
  }: { readonly login: LoginConfig; readonly kind: PlaceKind; readonly path: string },
  { json }: MintFlags,
  io: Io,
): void {
  const end = isoOf(endsAt);
  const commands = handOnCommands(kind, path);
  const closed = closedMode === null ? null : closedMode.toString(8).padStart(4, "0");
  if (json === true) {
    const ends = { expiresAt: end, loginEndsAt: end };
    const stored = { place: kind, path, closedMode: closed, commands };
    const whose = { login: name, isResumed, toFingerprint: token.fingerprint };
    const done = { event: "minted", schema: "pilotlight.login/v1", ...whose, ...ends, ...stored };
    return io.out(`${JSON.stringify(done)}\n`);
  }
  io.out(`${name}: setup-token minted and proved; it ends on ${end?.slice(0, 10) ?? "?"}\n`);
  io.out(`stored in ${path}\n`);
  if (closed !== null) io.err(`others could read that file (${closed}); only its owner may now\n`);
  io.err(`\nTo hand it on, from that file (nothing of this was run):\n`);
  for (const command of commands) io.err(`  $ ${command}\n`);
}
