/** Writes docs/errors.md from the table of error codes; with `--check`, fails when it is out of date. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { format } from "prettier";
import { type ErrorCode, TRAITS, traitsOf } from "../packages/pilotlight/src/core/errors.ts";

const file = fileURLToPath(new URL("../docs/errors.md", import.meta.url));

const rows = (Object.keys(TRAITS) as ErrorCode[])
  .toSorted((a, b) => traitsOf(a).exit - traitsOf(b).exit)
  .map((code) => {
    const { exit, http, retryable, mover, what, fix, command } = traitsOf(code);
    const todo = command === undefined ? fix : `${fix}: \`${command}\``;
    return `| \`${code}\` | ${exit} | ${http} | ${retryable ? "yes" : "no"} | ${mover} | ${what} | ${todo} |`;
  });

const text = await format(
  `# Exit codes and errors

Every failure is one line on stderr, \`pilotlight: <code>: <what>. <what to do>\`, and one of these exit
codes (\`sysexits.h\`). \`pilotlight help <code>\` prints a row of this table. Generated from
\`packages/pilotlight/src/core/errors.ts\`; do not edit.

| code | exit | HTTP | a later try can succeed | next move | what happened | what to do |
| --- | --- | --- | --- | --- | --- | --- |
${rows.join("\n")}
`,
  { parser: "markdown", printWidth: 100 },
);

if (!process.argv.includes("--check")) writeFileSync(file, text);
else if (readFileSync(file, "utf8") !== text) {
  throw new Error("docs/errors.md is out of date: run `node scripts/generate-docs.ts`");
}
