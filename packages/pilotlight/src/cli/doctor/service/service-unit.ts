import { readdir } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { PilotlightError } from "../../../core/errors.ts";
import { readSmallText } from "../../../disk/read-small-text.ts";
import type { World } from "../world.ts";
import { accountOf } from "./account.ts";
import { unitEnvironment } from "./unit-environment.ts";
import { type UnitFile, unitFile } from "./unit-file.ts";
import { replaceSpecifiers, type UnitManager } from "./unit-specifiers.ts";

/** A systemd unit as its files say it; nothing was asked of systemd. */
export interface ServiceUnit {
  readonly path: string;
  /** True where the user's own manager runs it. */
  readonly isUserUnit: boolean;
  /** The unit and its drop-ins. */
  readonly file: UnitFile;
  readonly env: Readonly<Record<string, string>>;
}

type Machine = Pick<World, "cwd" | "config" | "uid">;

const SYSTEM = [
  "/etc/systemd/system",
  "/run/systemd/system",
  "/usr/local/lib/systemd/system",
  "/usr/lib/systemd/system",
];

function userDirectories(home: string): readonly string[] {
  return [
    join(home, ".config/systemd/user"),
    "/etc/systemd/user",
    "/run/systemd/user",
    join(home, ".local/share/systemd/user"),
    "/usr/local/lib/systemd/user",
    "/usr/lib/systemd/user",
  ];
}

/**
 * Reads a unit, by path or by name, with its drop-ins and environment files.
 * @throws PilotlightError `usage` when there is none
 */
export async function serviceUnit(asked: string, machine: Machine): Promise<ServiceUnit> {
  const given = asked.endsWith(".service") ? asked : `${asked}.service`;
  const user = userDirectories(machine.config.home);
  const directories = given.includes("/")
    ? [dirname(resolve(machine.cwd, given))]
    : [machine.cwd, ...user, ...SYSTEM];
  const name = basename(given);
  const names = namesOf(name);
  const places = names.flatMap((one) => directories.map((directory) => join(directory, one)));
  for (const path of places) {
    const text = await readSmallText(path).catch(() => null);
    if (text === null) continue;
    const isUserUnit = /[/\\]systemd[/\\]user[/\\]/.test(path);
    const homes = new Set([...(isUserUnit ? user : SYSTEM), dirname(path)]);
    const manager = await managerOf(isUserUnit, machine);
    const texts = [text, ...(await dropIns([...homes], names))];
    const file = unitFile(texts, (value) => replaceSpecifiers(value, name, manager));
    return { path, isUserUnit, file, env: await unitEnvironment(file) };
  }
  throw new PilotlightError("usage", `--as-service ${asked}: no unit in ${places.join(", ")}`);
}

/** Under which a unit is looked for: `bot@one.service` is made from `bot@.service` where it has no file of its own. */
function namesOf(name: string): readonly string[] {
  return [...new Set([name, name.replace(/@.+(?=\.service$)/, "@")])];
}

async function managerOf(isUser: boolean, { config, uid }: Machine): Promise<UnitManager> {
  if (!isUser) return { isUser, user: "root", uid: 0, home: "/root" };
  const account = uid === null ? null : await accountOf(String(uid));
  return { isUser, user: account?.name ?? null, uid, home: config.home };
}

/** They count in the order of their file names; of two with one name, only the first that is found. */
async function dropIns(
  directories: readonly string[],
  names: readonly string[],
): Promise<readonly string[]> {
  const found = new Map<string, string>();
  for (const folder of directories.flatMap((one) => names.map((name) => join(one, `${name}.d`)))) {
    for (const conf of await readdir(folder).catch((): string[] => [])) {
      if (conf.endsWith(".conf") && !found.has(conf)) found.set(conf, join(folder, conf));
    }
  }
  const paths = [...found.keys()].toSorted().map((conf) => found.get(conf) ?? "");
  return Promise.all(paths.map((path) => readSmallText(path).catch(() => "")));
}
