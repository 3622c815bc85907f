/** Builds the package: two entries and the command line, split, minified, with their dependencies inside. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const root = fileURLToPath(new URL("../", import.meta.url));
const home = `${root}packages/pilotlight/`;
rmSync(`${home}dist`, { recursive: true, force: true });

const bundle = await rolldown({
  cwd: home,
  input: {
    cli: "src/cli/main.ts",
    index: "src/index.ts",
    sandbox: "src/sandbox/index.ts",
    "stand-in": "src/sandbox/stand-in/stand-in.ts",
  },
  platform: "node",
  external: [/^node:/],
});
const { output } = await bundle.write({
  dir: `${home}dist`,
  format: "esm",
  entryFileNames: "[name].mjs",
  chunkFileNames: "chunks/[name]-[hash].mjs",
  minify: true,
  // One file for all that a status needs: to find and open ten small ones takes longer than to read it.
  codeSplitting: {
    groups: [
      {
        name: "common",
        test: /src\/(core|claude|stores|cli)\/(?!find-claude|claude-build|stag)/,
        minShareCount: 2,
      },
    ],
  },
});
await bundle.close();
writeNotices(output.flatMap((chunk) => (chunk.type === "chunk" ? chunk.moduleIds : [])));

execFileSync("tsc", ["-p", "packages/pilotlight/tsconfig.build.json"], {
  cwd: root,
  stdio: "inherit",
});

/** The licences of what is inside the bundle, which ask to be passed on with it. */
function writeNotices(modules: readonly string[]): void {
  const folders = new Set(
    modules.flatMap((id) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id) ?? []),
  );
  const notices = [...folders].toSorted().map((folder) => {
    const { name, version, license } = JSON.parse(
      readFileSync(`${folder}/package.json`, "utf8"),
    ) as Record<string, string>;
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    const text =
      file !== undefined && existsSync(`${folder}/${file}`)
        ? readFileSync(`${folder}/${file}`, "utf8")
        : "";
    return `${name} ${version} (${license})\n\n${text.trim()}\n`;
  });
  writeFileSync(`${home}dist/THIRD-PARTY-LICENSES.txt`, notices.join(`\n${"-".repeat(80)}\n\n`));
}
