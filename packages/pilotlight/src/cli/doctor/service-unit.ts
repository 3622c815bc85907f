import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { PilotlightError } from "../../core/errors.ts";
import { scanText, type ScannedFile } from "./scan/scan-files.ts";
import type { World } from "./world.ts";

/** A systemd unit as its files say it; nothing was asked of systemd. */
export interface ServiceUnit {
  readonly path: string;
  /** True where the user's own manager runs it. */
  readonly isUserUnit: boolean;
  /** The unit and its drop-ins, in the order in which they count. */
  readonly file: ScannedFile;
  readonly env: Readonly<Record<string, string>>;
}

const SYSTEM = ["/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system"];

/**
 * Reads a unit, by path or by name, with its drop-ins and environment files.
 * @throws PilotlightError `usage` when there is none
 */
export async function serviceUnit(
  name: string,
  { cwd, config }: Pick<World, "cwd" | "config">,
): Promise<ServiceUnit> {
  const file = /\.\w+$/.test(name) ? name : `${name}.service`;
  const user = [join(config.home, ".config/systemd/user"), "/etc/systemd/user"];
  const places = file.includes("/")
    ? [resolve(cwd, file)]
    : [cwd, ...user, ...SYSTEM].map((directory) => join(directory, file));
  for (const path of places) {
    const text = await readFile(path, "utf8").catch(() => null);
    if (text === null) continue;
    const texts = [text, ...(await dropIns(`${path}.d`))];
    const scanned = scanText(path, texts.join("\n"));
    const isUserUnit = /[/\\]systemd[/\\]user[/\\]/.test(path);
    return { path, isUserUnit, file: scanned, env: await environmentOf(scanned) };
  }
  throw new PilotlightError("usage", `--as-service ${name}: no unit in ${places.join(", ")}`);
}

async function dropIns(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch((): string[] => []);
  const confs = names.filter((name) => name.endsWith(".conf")).toSorted();
  return Promise.all(confs.map((name) => readFile(join(directory, name), "utf8").catch(() => "")));
}

/** Files win over `Environment=` (systemd.exec(5)). */
async function environmentOf({ lines }: ScannedFile): Promise<Record<string, string>> {
  const env: Record<string, string> = {};
  const files: string[] = [];
  for (const { text } of lines) {
    const [, key, value = ""] = /^\s*(Environment(?:File)?)\s*=\s*(.*?)\s*$/.exec(text) ?? [];
    if (key === "Environment") Object.assign(env, assignmentsIn(value));
    if (key === "EnvironmentFile") files.push(value.replace(/^-/, ""));
  }
  for (const path of files) {
    const text = await readFile(path, "utf8").catch(() => "");
    const lines = text.split("\n").filter((line) => !/^\s*[#;]/.test(line));
    for (const line of lines) Object.assign(env, assignmentsIn(line));
  }
  return env;
}

/** `A=b "C=d e"`: several assignments, each quoted as a whole or only its value. */
function assignmentsIn(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, whole] of text.matchAll(/((?:"[^"]*"|'[^']*'|[^\s"'])+)/g)) {
    const [name = "", ...value] = (whole ?? "").replace(/["']/g, "").split("=");
    if (/^\w+$/.test(name) && value.length > 0) found[name] = value.join("=");
  }
  return found;
}
