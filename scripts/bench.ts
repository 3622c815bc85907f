/** Speed and load as ratios within one run; `--write` puts the figures into docs/benchmarks.md. */
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { format } from "prettier";
import { benchAsks } from "./bench/asks.ts";
import { benchCrowd } from "./bench/crowd.ts";
import { benchJobOverhead } from "./bench/job-overhead.ts";
import { benchKeeper } from "./bench/keeper.ts";
import { benchOwnTime } from "./bench/own-time.ts";
import { benchStart } from "./bench/start.ts";

/** One line of the table. */
export interface Row {
  readonly what: string;
  readonly measured: string;
  readonly floor: string;
  readonly ratio: string;
  readonly target: string;
}

const rows: Row[] = [
  ...(await benchStart()),
  ...(await benchJobOverhead()),
  ...(await benchOwnTime()),
  ...(await benchAsks()),
  ...(await benchCrowd()),
  ...(await benchKeeper()),
];

const machine = `${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${process.arch}, Node ${process.version}`;
const date = new Date().toISOString().slice(0, 10);
const table = rows.map((row) => `| ${Object.values(row).join(" | ")} |`).join("\n");
const text = `# Benchmarks

\`npm run bench\` measures the packed build. Times are minimum / median of interleaved runs; what counts
is the ratio to the floor measured in the same run, for machines differ and are noisy.

${date}, ${machine}:

| what | measured | floor | ratio | target |
| --- | --- | --- | --- | --- |
${table}
`;
const pretty = await format(text, { parser: "markdown" });
process.stdout.write(pretty);
if (process.argv.includes("--write")) {
  const file = fileURLToPath(new URL("../docs/benchmarks.md", import.meta.url));
  // What is measured in other ways stands below, and stays.
  const [, ...rest] = readFileSync(file, "utf8").split(/^(?=## )/m);
  writeFileSync(file, [pretty, ...rest].join("\n"));
}
