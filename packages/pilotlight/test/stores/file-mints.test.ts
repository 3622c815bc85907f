import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { fingerprintOf } from "../../src/claude/fingerprint.ts";
import { durableFiles } from "../../src/stores/durable-files.ts";
import { fileMints } from "../../src/stores/file-mints.ts";
import { type IsolatedHome, isolatedHome } from "../support/isolated.ts";

let home: IsolatedHome;
beforeEach(() => void (home = isolatedHome()));
afterEach(() => home.cleanup());

const FINGERPRINT = fingerprintOf("sk-ant-oat01-TEST-a");
const MINT = { fingerprint: FINGERPRINT, mintedAt: 1_000, endsAt: 31_536_001_000 };
const mints = () => fileMints(home.stateDir, durableFiles());
const folder = () => join(home.stateDir, "minted");

it("a mint is remembered by the fingerprint of its token, for nobody else to read", async () => {
  expect(await mints().find(FINGERPRINT)).toBeNull();
  expect(readdirSync(home.stateDir)).toEqual([]);
  await mints().note(MINT);
  expect(await mints().find(FINGERPRINT)).toEqual(MINT);
  expect(await mints().find(fingerprintOf("sk-ant-oat01-TEST-b"))).toBeNull();
  const [name = ""] = readdirSync(folder());
  expect(statSync(join(folder(), name)).mode & 0o777).toBe(0o600);
  expect(JSON.parse(readFileSync(join(folder(), name), "utf8"))).toEqual({ schema: 1, ...MINT });
});

it("a mint of a newer Pilotlight is refused, and one without sense is none", async () => {
  await mints().note(MINT);
  const [name = ""] = readdirSync(folder());
  writeFileSync(join(folder(), name), '{"schema":1,"mintedAt":"soon"}');
  expect(await mints().find(FINGERPRINT)).toBeNull();
  writeFileSync(join(folder(), name), '{"schema":2}');
  await expect(mints().find(FINGERPRINT)).rejects.toThrow(
    expect.objectContaining({ code: "state_newer" }),
  );
});
