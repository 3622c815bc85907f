import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readSettings, readSettingsLayer } from "../../../src/claude/precedence/settings.ts";
import { type IsolatedHome, isolatedHome } from "../../support/isolated.ts";

const NOTHING = { env: {}, apiKeyHelper: null };

let home: IsolatedHome;
let path: string;

beforeEach(() => {
  home = isolatedHome();
  path = join(home.configDir, "settings.json");
});
afterEach(() => home.cleanup());

it("takes the variables and the helper", async () => {
  writeFileSync(path, JSON.stringify({ env: { HTTPS_PROXY: "p" }, apiKeyHelper: "h", model: "m" }));
  expect(await readSettings(path)).toEqual({ env: { HTTPS_PROXY: "p" }, apiKeyHelper: "h" });
});

it("takes numbers and booleans for their text, as Claude Code does, and nothing deeper", async () => {
  const env = { CLAUDE_CODE_USE_BEDROCK: true, N: 1, LIST: ["x"], OBJECT: {}, NULL: null };
  writeFileSync(path, JSON.stringify({ env }));
  expect((await readSettings(path)).env).toEqual({ CLAUDE_CODE_USE_BEDROCK: "true", N: "1" });
});

it("reads past a byte order mark", async () => {
  writeFileSync(path, `\uFEFF${JSON.stringify({ apiKeyHelper: "h" })}`);
  expect((await readSettings(path)).apiKeyHelper).toBe("h");
});

it.each([
  ["empty", ""],
  ["truncated", '{"env": {'],
  ["a list", "[]"],
  ["null", "null"],
  ["of wrong types", '{"env": [1], "apiKeyHelper": 7}'],
  ["of empty values", '{"env": null, "apiKeyHelper": ""}'],
])("sets nothing when the file is %s", async (_name, text) => {
  writeFileSync(path, text);
  expect(await readSettings(path)).toEqual(NOTHING);
});

it.each([
  ["a pipe", () => spawnSync("mkfifo", [path]), /^it cannot be read \(EINVAL\)$/],
  ["a device", () => symlinkSync("/dev/zero", path), /^it cannot be read \(EINVAL\)$/],
  ["too long", () => writeFileSync(path, " ".repeat(4_194_305)), /^it cannot be read \(EFBIG\)$/],
])("sets nothing, and says why, when the file is %s", async (_name, make, why) => {
  make();
  const { fault, ...rest } = await readSettingsLayer(path);
  expect(fault?.why).toMatch(why);
  expect(rest).toMatchObject(NOTHING);
});

it("sets nothing, and says why, when the file is nested too deep", async () => {
  writeFileSync(path, `{"apiKeyHelper": "h", "x": ${"[".repeat(100_000)}${"]".repeat(100_000)}}`);
  const { fault, ...rest } = await readSettingsLayer(path);
  expect(fault?.why).toMatch(/^line 1, column \d+: it is nested deeper than 500 levels$/);
  expect(rest).toMatchObject(NOTHING);
});

it("sets nothing when the file is hidden by the null device", async () => {
  symlinkSync("/dev/null", path);
  expect((await readSettingsLayer(path)).fault).toBeNull();
});

it("sets nothing when the file is missing or a directory", async () => {
  expect(await readSettings(path)).toEqual(NOTHING);
  mkdirSync(path);
  expect(await readSettings(path)).toEqual(NOTHING);
});
