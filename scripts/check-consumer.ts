/** What is packed, as a program of somebody else's finds it: its types by two compilers, and its work on two Nodes. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { installPackage } from "../packages/pilotlight/test/support/cached-package.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const consumer = fileURLToPath(new URL("package-consumer/", import.meta.url));

/** Fetched on demand: in the workspace, `tsc` of the one and `node` of the other would be taken for our own. */
const TYPESCRIPT_6 = { name: "typescript", version: "6.0.3", file: "bin/tsc" };
const NODE_22 = { name: `node-linux-${process.arch}`, version: "22.20.0", file: "bin/node" };

/** A program for Node, and one without Node's types, which TypeScript leaves out unless told since 6. */
const SURROUNDINGS = {
  node: { files: ["consumer.ts", "start.ts"], lib: ["ES2024"], types: ["node"] },
  bare: { files: ["consumer.ts"], lib: ["ES2024", "DOM"], types: [] },
} as const;

/** @throws Error where the consumer does not compile against what is installed in the folder */
export async function checkTypes(folder: string): Promise<void> {
  cpSync(consumer, folder, { recursive: true });
  const borrowed = ["zod", "@types/node", "undici-types"];
  for (const name of borrowed) putModule(name, folder);
  compile(join(root, "node_modules/typescript/bin/tsc"), folder, SURROUNDINGS.node);
  compile(await cached(TYPESCRIPT_6), folder, SURROUNDINGS.bare);
  for (const name of borrowed) rmSync(join(folder, "node_modules", name), { recursive: true });
}

function compile(
  tsc: string,
  folder: string,
  { files, ...own }: (typeof SURROUNDINGS)[keyof typeof SURROUNDINGS],
): void {
  const strictly = { strict: true, skipLibCheck: false, noEmit: true };
  const compilerOptions = { module: "nodenext", target: "ES2024", ...strictly, ...own };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  run(process.execPath, [tsc, "-p", folder], folder, 0);
}

/** @throws Error where what is installed in the folder does something else than it should, there being no login */
export async function checkWork(folder: string): Promise<void> {
  const nodes = [process.execPath];
  if (process.platform === "linux") nodes.push(await cached(NODE_22));
  for (const node of nodes) {
    for (const [command, exit] of Object.entries(EXITS)) {
      run(join(folder, "node_modules/.bin/pilotlight"), command.split(" "), folder, exit, node);
    }
    run(node, [join(folder, "start.ts")], folder, 0, node);
    rmSync(join(folder, ".claude"), { recursive: true });
  }
}

/** By command, where there is no login. */
const EXITS = {
  "--version": 0,
  status: 66,
  check: 2,
  doctor: 78,
  explain: 66,
  history: 0,
  "help login_ended": 0,
} as const;

function run(
  program: string,
  args: readonly string[],
  folder: string,
  exit: number,
  node: string = process.execPath,
): void {
  const env = { PATH: dirname(node), HOME: folder };
  const ended = spawnSync(program, args, { cwd: folder, env, encoding: "utf8" });
  if (ended.status === exit) return;
  const said = `${ended.stdout}${ended.stderr}${ended.error?.message ?? ""}`;
  throw new Error(`${program} ${args.join(" ")} (${node}) ended with ${ended.status}: ${said}`);
}

function putModule(name: string, folder: string): void {
  cpSync(join(root, "node_modules", name), join(folder, "node_modules", name), { recursive: true });
}

async function cached({ name, version, file }: typeof NODE_22): Promise<string> {
  const target = join(root, ".cache/packages", `${name}-${version}`);
  const path = join(target, "node_modules", name, file);
  if (!existsSync(path)) await installPackage(target, `${name}@${version}`, file);
  return path;
}
