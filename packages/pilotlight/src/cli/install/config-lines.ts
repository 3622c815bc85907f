import { realpath, stat, unlink } from "node:fs/promises";
import { errnoOf, PilotlightError } from "../../core/errors.ts";
import { cannotPersist } from "../../disk/cannot-persist.ts";
import { readSmallText } from "../../disk/read-small-text.ts";
import { replaceFile } from "../../disk/replace-file.ts";
import type { Config } from "../config.ts";
import type { StepOf } from "./step.ts";

const LINES = `# By pilotlight init: no key pays for a job that is for the login.\non_shadow = "refuse"\n`;

const READABLE = 0o644;

/**
 * The step that has `run` refuse a key which shadows the login; `null` where that is said already.
 * @throws PilotlightError `config_invalid` where something else is said
 */
export async function refusalIn(path: string, config: Config): Promise<StepOf<"config"> | null> {
  if (config.onShadow === "refuse") return null;
  const text = await textOf(path);
  const { parse } = await import("smol-toml");
  if (config.env["PILOTLIGHT_ON_SHADOW"] || Object.hasOwn(parse(text ?? ""), "on_shadow")) {
    const where = config.env["PILOTLIGHT_ON_SHADOW"] ? "PILOTLIGHT_ON_SHADOW" : path;
    const why = `on_shadow is "warn" already; set it to "refuse", or take it away`;
    throw new PilotlightError("config_invalid", `${where}: ${why}`);
  }
  // Behind a table's head it would be a key of that table.
  const isAtEnd = !/^\s*\[/m.test(text ?? "");
  const isJoined = isAtEnd && text !== null && text !== "" && !text.endsWith("\n");
  const inserted = `${isJoined ? "\n" : ""}${LINES}`;
  return { kind: "config", path, inserted, isAtEnd, isNew: text === null };
}

/** Nothing that stands there is changed. @throws PilotlightError `cannot_persist` */
export async function insertLines({ path, inserted, isAtEnd }: StepOf<"config">): Promise<void> {
  const text = (await textOf(path)) ?? "";
  if (text.includes(inserted)) return;
  const [, mark = "", rest = ""] = /^(\uFEFF?)([^]*)$/.exec(text) ?? [];
  await write(path, isAtEnd ? text + inserted : mark + inserted + rest);
}

/** Lines that a person has changed since are theirs, and stay. @throws PilotlightError `cannot_persist` */
export async function removeLines({ path, inserted, isNew }: StepOf<"config">): Promise<void> {
  const text = await textOf(path);
  if (text === null || !text.includes(inserted)) return;
  const rest = text.replace(inserted, () => "");
  if (!isNew || rest !== "") return write(path, rest);
  await unlink(path).catch((error: unknown) => {
    throw cannotPersist(path, error);
  });
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await readSmallText(path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    throw cannotPersist(path, error);
  }
}

/** Mode and owner stay, and a link stays a link. */
async function write(path: string, text: string): Promise<void> {
  try {
    const target = await realpath(path).catch(() => path);
    const present = await stat(target).catch(() => null);
    const own = {
      mode: READABLE,
      uid: process.geteuid?.() ?? 0,
      gid: process.getegid?.() ?? 0,
    };
    await replaceFile(target, text, { keep: present ?? own, mayCommit: async () => true });
  } catch (error) {
    throw cannotPersist(path, error);
  }
}
