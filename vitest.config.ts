import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Where CI wants the counts, besides the console. */
const report = process.env["PILOTLIGHT_TEST_REPORT"];

const source = (path: string) =>
  fileURLToPath(new URL(`packages/pilotlight/src/${path}`, import.meta.url));

/** Minutes each. */
const LONG = /\/(parity-[\d.]+|drill-watch|fault-outcomes|drill-renew)\.test\.ts$/;

/** Without a cache vitest goes by size, and the small files that name whole tables of cases would come last, alone. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { long = [], short = [] } = Object.groupBy(await super.sort(files), ({ moduleId }) =>
      LONG.test(moduleId) ? "long" : "short",
    );
    return [...long, ...short];
  }
}

export default defineConfig({
  // As scripts/from-source.mjs has it: apps import the package by name, and need no build of it here.
  resolve: {
    alias: [
      { find: /^pilotlight$/, replacement: source("index.ts") },
      { find: /^pilotlight\/orchestrator$/, replacement: source("orchestrator.ts") },
      { find: /^pilotlight\/sandbox$/, replacement: source("sandbox/index.ts") },
    ],
  },
  test: {
    include: ["packages/*/test/**/*.test.ts", "apps/*/test/**/*.test.ts"],
    // One more than there are cores: most of what takes long waits for a program that waits.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // A browser on a machine that is at its limit takes its time.
    expect: { poll: { timeout: 5000 } },
    // Real programs race here for two cores: CI plays a failed test once more, and the console says so.
    retry: process.env["CI"] === "true" ? 1 : 0,
    reporters: report === undefined ? ["default"] : ["default", "json"],
    ...(report !== undefined && { outputFile: { json: report } }),
  },
});
