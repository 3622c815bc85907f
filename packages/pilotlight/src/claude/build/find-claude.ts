import { execFile } from "node:child_process";
import { access, constants, open, realpath, stat } from "node:fs/promises";
import { delimiter, dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { PilotlightError } from "../../core/errors.ts";
import type { Environment } from "../locations.ts";

/** How Claude Code is started here: program and leading arguments, and the files that make up its build. */
export interface ClaudeCommand {
  readonly argv: readonly [string, ...string[]];
  readonly files: readonly string[];
}

const NPX_PATIENCE = 120_000;

/**
 * Finds Claude Code. `setting` is a path, a name on PATH, a JSON array (`["node","/opt/cli.js"]`),
 * or an `npx` call, whose package is looked up once so that the refresh does not run under npx.
 * @throws PilotlightError `cli_not_found`, or `config_invalid` for a malformed array.
 */
export async function findClaude(setting: string, env: Environment): Promise<ClaudeCommand> {
  const text = setting.trim();
  return /^npx\s/.test(text) ? fromNpx(text, env) : fromParts(commandWords(text), env);
}

/** The words of the same setting as they are written on a command line; nothing is looked up. @throws PilotlightError `config_invalid` */
export function commandWords(setting: string): readonly string[] {
  const text = setting.trim();
  if (text.startsWith("[")) return arrayWords(text);
  return /^npx\s/.test(text) ? text.split(/\s+/) : [text];
}

function arrayWords(text: string): readonly string[] {
  let parts: unknown;
  try {
    parts = JSON.parse(text);
  } catch {
    parts = null;
  }
  const isArgv =
    Array.isArray(parts) && parts.length > 0 && parts.every((part) => typeof part === "string");
  if (!isArgv) {
    throw new PilotlightError(
      "config_invalid",
      `the Claude command ${text} is no JSON array of texts`,
    );
  }
  return parts as string[];
}

async function fromParts(parts: readonly string[], env: Environment): Promise<ClaudeCommand> {
  const [name = "", ...given] = parts.map((part) => part.replace(/^~(?=\/)/, env["HOME"] ?? "~"));
  const program = await findProgram(name, env);
  if (program === null) {
    const hint = /\s/.test(name) ? "; with arguments it has to be a JSON array" : "";
    throw new PilotlightError(
      "cli_not_found",
      `there is no program ${JSON.stringify(name)}${hint}`,
    );
  }
  const rest = [...given];
  const files: string[] = [];
  for (const [index, part] of given.entries()) {
    const path = resolve(part);
    // A bare word may be anything: only what looks like a path is taken for one.
    if (!/[/\\]|\.[cm]?js$/.test(part) || !(await isFile(path))) continue;
    // It runs in its stage, where a relative path would lead nowhere.
    rest[index] = path;
    files.push(await realpath(path));
  }
  // With a script among the arguments, the program is only its runtime.
  if (files.length === 0) files.push(await realpath(program));
  return { argv: shimmed(program, rest), files: await withManifests(files) };
}

/** A script that only starts a binary stays the same from version to version; the manifest beside it does not. */
async function withManifests(files: readonly string[]): Promise<readonly string[]> {
  const manifests = files
    .filter((file) => /\.[cm]?js$/.test(file))
    .map((file) => join(dirname(file), "package.json"));
  const found: string[] = [];
  for (const path of manifests) if (await isFile(path)) found.push(path);
  return [...files, ...found];
}

/** npm's command shims on Windows are no programs: only the shell can start them. Implemented, unmeasured. */
function shimmed(program: string, rest: readonly string[]): [string, ...string[]] {
  return /\.(cmd|bat)$/i.test(program)
    ? ["cmd.exe", "/d", "/s", "/c", program, ...rest]
    : [program, ...rest];
}

async function fromNpx(text: string, env: Environment): Promise<ClaudeCommand> {
  const { spec, parts } = readNpx(text);
  const print = "process.stdout.write(process.env.PATH ?? process.env.Path ?? '')";
  const exec = ["exec", "--yes", `--package=${spec}`, "--", "node", "-e", print];
  const npm = await findProgram("npm", env);
  if (npm === null) throw new PilotlightError("cli_not_found", `"${text}" needs npm on PATH`);
  try {
    const [program, ...args] = shimmed(npm, exec);
    const { stdout } = await promisify(execFile)(program, args, {
      env: { ...env },
      timeout: NPX_PATIENCE,
    });
    return await fromParts(parts, { ...env, PATH: stdout });
  } catch (error) {
    if (error instanceof PilotlightError) throw error;
    throw new PilotlightError("cli_not_found", `npm could not provide ${spec}`, { cause: error });
  }
}

/** `npx [options] <package> [args]`, or `npx [options] -p <package> <command> [args]`. */
function readNpx(text: string): { readonly spec: string; readonly parts: readonly string[] } {
  const words = text.split(/\s+/).slice(1);
  let spec: string | undefined;
  while (words[0]?.startsWith("-")) {
    const [option = ""] = words.splice(0, 1);
    if (option === "-p" || option === "--package") [spec] = words.splice(0, 1);
    if (option.startsWith("--package=")) spec = option.slice("--package=".length);
  }
  const [name, ...args] = words;
  if (spec) return { spec, parts: name === undefined ? ["claude"] : words };
  if (name === undefined) throw new PilotlightError("config_invalid", `"${text}" names no package`);
  return { spec: name, parts: ["claude", ...args] };
}

async function findProgram(name: string, env: Environment): Promise<string | null> {
  const endings = process.platform === "win32" ? [".exe", ".cmd", ".bat", ""] : [""];
  const isPath = name.includes("/") || name.includes("\\");
  const path = env["PATH"] ?? env["Path"] ?? "";
  const folders = isPath ? [""] : path.split(delimiter).filter((folder) => folder !== "");
  for (const folder of folders) {
    for (const ending of endings) {
      const candidate = resolve(folder, name + ending);
      if ((await isFile(candidate)) && (await isExecutable(candidate))) return candidate;
    }
  }
  return null;
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isFile() ?? false;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** True for a wrapper, behind which the build can change without it. */
export async function isShellScript(file: string): Promise<boolean> {
  if (/\.(cmd|bat)$/i.test(file)) return true;
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(128), 0, 128, 0);
    const [line = ""] = buffer.subarray(0, bytesRead).toString("latin1").split("\n");
    return line.startsWith("#!") && !/\bnode\b/.test(line);
  } finally {
    await handle.close();
  }
}
