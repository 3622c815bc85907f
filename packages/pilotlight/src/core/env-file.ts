/** The variables of an env file, or what is wrong with it; never quotes it. */
export type EnvFile =
  | { readonly kind: "variables"; readonly variables: Readonly<Record<string, string>> }
  | { readonly kind: "corrupt"; readonly reason: string };

/** `NAME=value`, as a shell may source it, too. */
const ASSIGNMENT = /^[ \t]*(export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)=([^\r]*)(\r?)$/;

/**
 * Reads what systemd (`EnvironmentFile=`) and Docker (`--env-file`) read alike: one `NAME=value` in a line, empty lines,
 * comments (`#`, `;`), quotes around a value, `export` before a name. What one of them would read otherwise is refused. Of
 * two assignments to one name the last counts.
 */
export function parseEnvFile(text: string): EnvFile {
  const variables: Record<string, string> = {};
  for (const [index, line] of linesOf(text).entries()) {
    const read = readLine(line);
    if (read === null) continue;
    if ("why" in read) return { kind: "corrupt", reason: `line ${index + 1} ${read.why}` };
    variables[read.name] = read.value;
  }
  return { kind: "variables", variables };
}

/**
 * The same file with `name` set to `value`, every other line as it was; a file that lacks it gets one more line.
 * @param value one word without quotes
 */
export function setInEnvFile(text: string, name: string, value: string): string {
  const lines = linesOf(text);
  const last = lines.findLastIndex((line) => nameIn(line) === name);
  if (last < 0) {
    const start = text === "" || text.endsWith("\n") ? text : `${text}\n`;
    return `${start}${name}=${value}\n`;
  }
  // An earlier value of the same name counts for nothing, and would be an old secret left behind.
  const kept = lines.flatMap((line, index) => {
    if (nameIn(line) !== name) return [line];
    return index === last ? [replaced(line, name, value)] : [];
  });
  return kept.join("\n");
}

/** Whether anything but this variable is set in the file. */
export function hasOthers(text: string, name: string): boolean {
  return linesOf(text).some((line) => ![null, name].includes(nameIn(line)));
}

function linesOf(text: string): readonly string[] {
  return text.split("\n");
}

function isNothing(line: string): boolean {
  return /^[ \t]*([#;].*)?\r?$/.test(line);
}

function nameIn(line: string): string | null {
  return isNothing(line) ? null : (ASSIGNMENT.exec(line)?.[2] ?? null);
}

function replaced(line: string, name: string, value: string): string {
  const [, before = "", , , end = ""] = ASSIGNMENT.exec(line) ?? [];
  return `${before}${name}=${value}${end}`;
}

type Line = { readonly name: string; readonly value: string } | { readonly why: string };

function readLine(line: string): Line | null {
  if (isNothing(line)) return null;
  // oxlint-disable-next-line no-control-regex -- that is what is looked for
  if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(line.replace(/\r$/, "")))
    return { why: "holds a control character" };
  const [, , name, rest = ""] = ASSIGNMENT.exec(line) ?? [];
  if (name === undefined) return { why: "is no NAME=value" };
  const value = readValue(rest.trim());
  return value === null
    ? {
        why: "has a value that systemd and Docker read differently (an open quote, or a \\ at its end)",
      }
    : { name, value };
}

function readValue(text: string): string | null {
  const quote = /^["']/.exec(text)?.[0];
  if (quote === undefined) return text.endsWith("\\") ? null : text;
  const inside = text.length > 1 && text.endsWith(quote) ? text.slice(1, -1) : null;
  if (inside === null || inside.includes(quote) || inside.includes("\\")) return null;
  return inside;
}
