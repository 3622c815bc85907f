/** Builds the package: two entries and the command line, split, minified, with their dependencies inside. */
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
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
await bundle.write({
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

execFileSync("tsc", ["-p", "packages/pilotlight/tsconfig.build.json"], {
  cwd: root,
  stdio: "inherit",
});
