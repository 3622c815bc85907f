import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type IsolatedHome, isolatedHome } from "../../support/isolated.ts";
import { putLogin } from "../a-login.ts";

/**
 * systemctl and loginctl as far as they are asked: one file for each thing that is so. `fail` names words that fail,
 * `dead` a service that ends at once.
 */
const PROGRAM = `#!/bin/sh
cd "$(dirname "$0")/../systemd" || exit 9
name=$(basename "$0")
[ "$1" = --user ] && shift
echo "$name $*" >>calls
word=$1
for one in $(cat fail 2>/dev/null); do
  [ "$one" = "$word" ] && { echo "$word is not to be had" >&2; exit 1; }
done
wants=$XDG_CONFIG_HOME/systemd/user/default.target.wants
case $name-$word in
  systemctl-show)
    state=inactive
    [ -e active ] && state=active
    [ -e stuck ] && [ -e active ] && state=activating
    [ -e dead ] && [ -e active ] && { state=failed; rm active; }
    printf 'ActiveState=%s\\nSubState=x\\nExecMainStatus=1\\n' $state ;;
  systemctl-start | systemctl-restart) touch active ;;
  systemctl-stop) rm -f active ;;
  systemctl-enable) mkdir -p "$wants"; ln -sf ../$2 "$wants/$2" ;;
  systemctl-disable) rm -f "$wants/$2" ;;
  systemctl-is-enabled) [ -L "$wants/$2" ] ;;
  loginctl-show-user) [ -e linger ] && echo yes || echo no ;;
  loginctl-enable-linger) touch linger ;;
  loginctl-disable-linger) rm -f linger ;;
esac
`;

/** A machine with a login, and a systemd that is played by a script. */
export interface AMachine {
  readonly isolated: IsolatedHome;
  readonly home: string;
  readonly configDir: string;
  readonly state: string;
  readonly unit: string;
  readonly config: string;
  readonly env: Record<string, string>;
  /** What is so for the service manager: `active`, `linger`, and what is to fail. */
  has(thing: string): boolean;
  set(thing: string, text?: string): void;
  unset(thing: string): void;
  calls(): readonly string[];
}

/** Makes one for the running test. */
export function aMachine(): AMachine {
  const isolated = isolatedHome();
  const { home, configDir, stateDir, env } = isolated;
  onTestFinished(() => isolated.cleanup());
  const root = join(home, "..");
  const [bin, systemd] = [join(root, "bin"), join(root, "systemd")];
  for (const folder of [bin, systemd]) mkdirSync(folder);
  for (const name of ["systemctl", "loginctl"]) {
    writeFileSync(join(bin, name), PROGRAM);
    chmodSync(join(bin, name), 0o755);
  }
  putLogin(configDir);
  return {
    isolated,
    home,
    configDir,
    state: join(stateDir, "pilotlight"),
    unit: join(home, ".config", "systemd", "user", "pilotlight.service"),
    config: join(home, ".config", "pilotlight", "config.toml"),
    env: {
      ...env,
      PATH: `${bin}:${env["PATH"] ?? ""}`,
      PILOTLIGHT_CLAUDE: process.execPath,
      PILOTLIGHT_LISTEN: "off",
    },
    has: (thing) => existsSync(join(systemd, thing)),
    set: (thing, text = "") => writeFileSync(join(systemd, thing), text),
    unset: (thing) => rmSync(join(systemd, thing), { force: true }),
    calls: () => readFileSync(join(systemd, "calls"), "utf8").trim().split("\n"),
  };
}

/** Everything below a directory: what it is, its mode and what is in it. */
export function treeOf(root: string): readonly string[] {
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .toSorted()
    .map((name) => {
      const path = join(root, name);
      const stats = lstatSync(path);
      const mode = (stats.mode & 0o777).toString(8);
      if (stats.isSymbolicLink()) return `${name} -> ${readlinkSync(path)}`;
      if (stats.isDirectory()) return `${name}/ ${mode}`;
      return `${name} ${mode} ${createHash("sha256").update(readFileSync(path)).digest("hex").slice(0, 8)}`;
    });
}
