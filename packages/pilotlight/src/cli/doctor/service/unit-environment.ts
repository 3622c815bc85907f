import { readSmallText } from "../../../disk/read-small-text.ts";
import type { UnitFile } from "./unit-file.ts";
import { unquoted } from "./unit-words.ts";

/** The variables that a unit sets: files win over `Environment=`, and what is unset stays so (systemd.exec(5)). */
export async function unitEnvironment(file: UnitFile): Promise<Readonly<Record<string, string>>> {
  const env = new Map<string, string>();
  for (const word of file.words("Environment").flat()) assign(env, word);
  for (const value of file.values("EnvironmentFile")) {
    const text = await readSmallText(value.replace(/^-/, "")).catch(() => "");
    for (const line of linesOf(text)) assign(env, unquoted(line));
  }
  for (const word of file.words("UnsetEnvironment").flat()) {
    const [name = "", ...value] = word.split("=");
    if (value.length === 0 || env.get(name) === value.join("=")) env.delete(name);
  }
  return Object.fromEntries(env);
}

/** One variable in each line: without quotes, too, a value may hold spaces. */
function linesOf(text: string): readonly string[] {
  const lines = text.split(/\r?\n/).filter((line) => !/^\s*[#;]/.test(line));
  return lines.join("\n").replaceAll("\\\n", "").split("\n");
}

function assign(env: Map<string, string>, text: string): void {
  const [, name, value = ""] = /^\s*(\w+)\s*=\s*(.*?)\s*$/s.exec(text) ?? [];
  if (name !== undefined) env.set(name, value);
}
