/** The public types, as one committed file, so that a change of the API is seen in review. */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const home = fileURLToPath(new URL("../packages/pilotlight/", import.meta.url));
const report = `${home}pilotlight.api.txt`;
const types = `${home}dist/types/`;

/** @throws Error when the built types differ from the report; with `update`, the report is written instead. */
export function checkApiReport({ update }: { readonly update: boolean }): void {
  const now = ["index.d.ts", "orchestrator.d.ts", "sandbox/index.d.ts"].map(reachable).join("\n");
  if (update) return writeFileSync(report, now);
  if (readFileSync(report, "utf8") !== now) {
    throw new Error(
      "the public types changed: run `npm run package -- --update` and review the diff",
    );
  }
}

function reachable(entry: string): string {
  const seen = new Map<string, string>();
  const queue = [resolve(types, entry)];
  for (const file of queue) {
    if (seen.has(file)) continue;
    const text = withoutComments(readFileSync(file, "utf8"));
    seen.set(file, text);
    // The dependencies are bundled, so a user's compiler would not find their types; nor has everybody Node's.
    const foreign = /from "([^.][^"]*)"/.exec(text)?.[1];
    if (foreign !== undefined) throw new Error(`${relative(types, file)} imports ${foreign}`);
    for (const [, from = ""] of text.matchAll(/from "(\.[^"]+)"/g)) {
      queue.push(resolve(dirname(file), from.replace(/\.(js|ts)$/, ".d.ts")));
    }
  }
  const files = [...seen].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const parts = files.map(([file, text]) => `// ${relative(types, file)}\n${text}`);
  return `// Reachable from ${entry}\n\n${parts.join("\n")}`;
}

function withoutComments(text: string): string {
  return text
    .replace(/\/\*\*[\s\S]*?\*\//g, "")
    .replace(/^[ \t]*\n/gm, "")
    .trimEnd()
    .concat("\n");
}
