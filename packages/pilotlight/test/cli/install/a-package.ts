import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const ROOT = fileURLToPath(new URL("../../../../../", import.meta.url));
const PACKAGE = join(ROOT, "packages", "pilotlight");
const CACHE = join(ROOT, ".cache");

/**
 * Packs the built package, as users get it, for the running test.
 * @returns the tarball, and a directory (not below /tmp) to install it in
 */
export function aPackage(): {
  readonly tarball: string;
  readonly prefix: string;
  readonly env: Record<string, string>;
} {
  mkdirSync(CACHE, { recursive: true });
  const prefix = mkdtempSync(join(CACHE, "a prefix-"));
  onTestFinished(() => rmSync(prefix, { recursive: true, force: true }));
  const env = {
    PATH: [
      dirname(process.execPath),
      join(ROOT, "node_modules", ".bin"),
      process.env["PATH"] ?? "",
    ].join(delimiter),
    HOME: prefix,
  };
  if (!isBuilt()) execFileSync("node", ["scripts/build.ts"], { cwd: ROOT, env });
  execFileSync("npm", ["pack", "--silent", "--pack-destination", prefix], { cwd: PACKAGE, env });
  const name = readdirSync(prefix).find((file) => file.endsWith(".tgz")) ?? "";
  return { tarball: join(prefix, name), prefix, env };
}

function isBuilt(): boolean {
  const built = join(PACKAGE, "dist", "types", "index.d.ts");
  if (!existsSync(built)) return false;
  const { mtimeMs } = statSync(built);
  const source = join(PACKAGE, "src");
  return readdirSync(source, { recursive: true, encoding: "utf8" }).every(
    (file) => statSync(join(source, file)).mtimeMs < mtimeMs,
  );
}
