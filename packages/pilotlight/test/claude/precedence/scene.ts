import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { IsolatedHome } from "../../support/isolated.ts";

/** A world in which Claude Code looks for its credential. Every value of one is invented. */
export interface Scene {
  readonly title: string;
  readonly env: Readonly<Record<string, string>>;
  /** What stands in files, by path: `~/` is HOME, any other path is seen from the working directory. */
  readonly files: Readonly<Record<string, unknown>>;
  /** What `--settings` says. */
  readonly flag: {
    readonly env: Readonly<Record<string, string>>;
    readonly [key: string]: unknown;
  };
  /** Claude Code's own arguments before `-p`. */
  readonly args: readonly string[];
}

/** A part of a scene: what it adds to each. Files of the same path are merged, two levels deep. */
export interface Ingredient {
  readonly name: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, unknown>>;
  readonly flag?: Readonly<Record<string, unknown>>;
  readonly args?: readonly string[];
}

/** Where a scene is played. */
export interface Stage {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly args: readonly string[];
}

export function sceneOf(ingredients: readonly Ingredient[]): Scene {
  const files: Record<string, unknown> = {};
  let flag: Scene["flag"] = { env: {} };
  for (const ingredient of ingredients) {
    for (const [path, content] of Object.entries(ingredient.files ?? {}))
      files[path] = mixed(files[path], content);
    flag = mixed(flag, ingredient.flag ?? {}) as Scene["flag"];
  }
  return {
    title: ingredients.map(({ name }) => name).join(" + ") || "nothing",
    env: Object.assign({}, ...ingredients.map(({ env }) => env)) as Record<string, string>,
    files,
    flag,
    args: ingredients.flatMap(({ args = [] }) => args),
  };
}

function mixed(first: unknown, second: unknown): unknown {
  if (!isFields(first) || !isFields(second)) return second;
  const sum: Record<string, unknown> = { ...first, ...second };
  if (isFields(first["env"]) && isFields(second["env"]))
    sum["env"] = { ...first["env"], ...second["env"] };
  return sum;
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** Puts a scene's files into a home. @returns where, and with which environment, it is played. */
export function stageOf({ files, env, flag, args }: Scene, home: IsolatedHome): Stage {
  const cwd = join(home.home, "project");
  mkdirSync(cwd, { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    const place = path.startsWith("~/") ? join(home.home, path.slice(2)) : join(cwd, path);
    mkdirSync(dirname(place), { recursive: true, mode: 0o700 });
    const text = typeof content === "string" ? content : JSON.stringify(content);
    writeFileSync(place, text, { mode: 0o600 });
  }
  const isFlagged = Object.keys(flag).length > 1 || Object.keys(flag.env).length > 0;
  const settings = isFlagged ? ["--settings", JSON.stringify(flag)] : [];
  return { cwd, env: { ...home.env, ...env }, args: [...args, ...settings, "-p", "hi"] };
}
