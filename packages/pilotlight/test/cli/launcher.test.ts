import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const BIN = fileURLToPath(new URL("../../bin/pilotlight.mjs", import.meta.url));

it.each([
  ["20.20.2", 78],
  ["22.18.0", 78],
])("the launcher says at once that Node %s is too old", (version, exit) => {
  const script = `Object.defineProperty(process.versions, "node", { value: "${version}" }); await import(${JSON.stringify(BIN)});`;
  const argv = ["--input-type=module", "--eval", script];
  const { status, stderr } = spawnSync(process.execPath, argv, { env: {}, encoding: "utf8" });
  expect(stderr).toMatch(
    new RegExp(
      `^pilotlight: unsupported: this is Node ${version}, and Pilotlight needs 22\\.19[^\n]*\n$`,
    ),
  );
  expect(status).toBe(exit);
});
