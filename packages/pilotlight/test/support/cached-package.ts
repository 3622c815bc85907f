import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Installs one exact version of a package into a folder of its own, whole or not at all.
 * @param target the folder, in the git-ignored .cache
 * @param spec `name@version`
 * @param file of the package, which must be there afterwards
 * @throws Error when npm fails or the package lacks the file
 */
export async function installPackage(target: string, spec: string, file: string): Promise<void> {
  const staged = join(dirname(target), `.tmp-${basename(target)}-${process.pid}`);
  await mkdir(staged, { recursive: true });
  try {
    await npmInstall(staged, spec);
    const name = spec.slice(0, spec.lastIndexOf("@"));
    if (!existsSync(join(staged, "node_modules", name, file))) {
      throw new Error(`${spec} has no ${file}`);
    }
    // An unfinished folder of an older script lacks the file, so nobody can be using it.
    await rm(target, { recursive: true, force: true });
    await rename(staged, target);
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
}

function npmInstall(prefix: string, spec: string): Promise<void> {
  const quiet = ["--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"];
  const flags = [...quiet, "--omit=optional"];
  return new Promise((resolve, reject) => {
    const child = spawn("npm", ["install", "--prefix", prefix, ...flags, spec], {
      cwd: prefix,
      stdio: ["ignore", "ignore", "inherit"],
    });
    child.once("error", reject);
    child.once("exit", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`npm install ${spec} ended with ${code ?? "a signal"}`));
    });
  });
}
