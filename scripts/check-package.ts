/** Checks the package as users get it: publint, attw, a program that uses it, and the public types against their committed report. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkApiReport } from "./api-report.ts";
import { checkTypes, checkWork } from "./check-consumer.ts";

const home = fileURLToPath(new URL("../packages/pilotlight/", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "pilotlight-pack-"));
const step = (command: string, args: readonly string[]) =>
  execFileSync(command, args, { cwd: home, stdio: "inherit" });

try {
  step("npm", ["pack", "--silent", "--pack-destination", folder]);
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  if (tarball === undefined) throw new Error("npm pack made no tarball");
  step("publint", ["--strict", join(folder, tarball)]);
  step("attw", [join(folder, tarball), "--profile", "esm-only"]);
  writeFileSync(join(folder, "package.json"), '{"private":true,"type":"module"}');
  step("npm", ["install", "--silent", "--offline", "--prefix", folder, join(folder, tarball)]);
  await checkTypes(folder);
  await checkWork(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

checkApiReport({ update: process.argv.includes("--update") });
