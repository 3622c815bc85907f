import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { explain } from "../../../src/claude/explaining/explain.ts";
import { locate } from "../../../src/claude/locations.ts";
import { type IsolatedHome, isolatedHome } from "../../support/isolated.ts";

let home: IsolatedHome;
beforeEach(() => {
  home = isolatedHome();
});
afterEach(() => home.cleanup());

/** Explains an API key under managed settings. */
async function underManaged(settings: string, build: string | null) {
  const managedFile = join(home.home, "managed-settings.json");
  writeFileSync(managedFile, settings);
  const env = { ...home.env, ANTHROPIC_API_KEY: "sk-ant-api03-TEST-key" };
  const { winner, warnings } = await explain({
    env,
    home: home.home,
    cwd: home.home,
    locations: locate({ dir: null, credentialsFile: null }, env, home.home),
    entry: { state: "absent" },
    storedSource: "claude-file",
    args: null,
    build,
    now: 0,
    managedFile,
  });
  return [winner.source, winner.headers.join(" "), warnings[0]?.code];
}

it("says that a key is kept out where managed settings force a login, on builds that obey", async () => {
  const forced = '{"forceLoginMethod": "claudeai"}';
  expect(await underManaged(forced, "2.1.329")).toEqual(["ANTHROPIC_API_KEY", "", "force_login"]);
  expect(await underManaged(forced, "2.1.104")).toEqual([
    "ANTHROPIC_API_KEY",
    "x-api-key",
    "ignored_here",
  ]);
});

it("says that nothing starts with managed settings that are broken, on builds that need them", async () => {
  expect(await underManaged("{", "2.1.329")).toEqual(["none", "", "config_invalid"]);
  expect(await underManaged("{", "2.1.104")).toEqual([
    "ANTHROPIC_API_KEY",
    "x-api-key",
    "config_invalid",
  ]);
});
