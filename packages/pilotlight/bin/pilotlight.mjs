#!/usr/bin/env node
// One launcher for the package (dist/) and for a clone, built or not (src/, types stripped by Node).
import { existsSync } from "node:fs";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  // An older one would fail only where something is missing: in a refresh, at night.
  const why = `this is Node ${process.versions.node}, and Pilotlight needs 22.19 or later`;
  process.stderr.write(
    `pilotlight: unsupported: ${why}. Upgrade Node, or put a newer one first on PATH.\n`,
  );
  process.exit(78);
}
const source = new URL("../src/cli/main.ts", import.meta.url);
await import(existsSync(source) ? source.href : new URL("../dist/cli.mjs", import.meta.url).href);
