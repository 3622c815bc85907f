/** Builds the package: three entries and the command line, split, minified, with their dependencies inside; and the status page. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { buildPage } from "./build-page.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const home = `${root}packages/pilotlight/`;
rmSync(`${home}dist`, { recursive: true, force: true });

const hot = reachable([`${home}src/cli/run.ts`]);

const bundle = await rolldown({
  cwd: home,
  input: {
    cli: "src/cli/main.ts",
    index: "src/index.ts",
    orchestrator: "src/orchestrator.ts",
    sandbox: "src/sandbox/index.ts",
    "stand-in": "src/sandbox/stand-in/stand-in.ts",
  },
  platform: "node",
  // Optional peers: whoever asks that way has them.
  external: [/^node:/, /^@anthropic-ai\//],
});
const { output } = await bundle.write({
  dir: `${home}dist`,
  format: "esm",
  entryFileNames: "[name].mjs",
  chunkFileNames: "chunks/[name]-[hash].mjs",
  // Lines are kept: Node prints the one that threw, and that of a bundle in one line is all of it.
  minify: { compress: true, mangle: true, codegen: { removeWhitespace: false } },
  // One file for all that `status` and `check` need: to find and open ten small ones takes longer than to read it.
  codeSplitting: { groups: [{ name: "hot", test: (id) => hot.has(id) }] },
});
await bundle.close();
const page = await buildPage(home);
writeNotices([
  ...output.flatMap((chunk) => (chunk.type === "chunk" ? chunk.moduleIds : [])),
  ...page,
]);

execFileSync("tsc", ["-p", "packages/pilotlight/tsconfig.build.json"], {
  cwd: root,
  stdio: "inherit",
});

/** The files that are loaded with these, and nothing that is loaded only when it is needed. */
function reachable(files: readonly string[], found = new Set<string>()): ReadonlySet<string> {
  for (const file of files) {
    if (found.has(file)) continue;
    found.add(file);
    const imports = readFileSync(file, "utf8").matchAll(
      /^(?:import|export) (?!type)[^;]*? from "(\.[^"]+)";$/gm,
    );
    reachable(
      [...imports].map(([, path = ""]) => resolve(dirname(file), path)),
      found,
    );
  }
  return found;
}

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
