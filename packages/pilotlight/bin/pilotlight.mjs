#!/usr/bin/env node
// One launcher for the package (dist/) and for a clone, built or not (src/, types stripped by Node).
import { existsSync } from "node:fs";

const source = new URL("../src/cli/main.ts", import.meta.url);
await import(existsSync(source) ? source.href : new URL("../dist/cli.mjs", import.meta.url).href);
