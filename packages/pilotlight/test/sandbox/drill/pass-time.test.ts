import { mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { passTime } from "../../../src/sandbox/drill/pass-time.ts";
import { type IsolatedHome, isolatedHome } from "../../support/isolated.ts";

const HOUR = 3_600_000;
const AT = 1_795_242_128_458;

let home: IsolatedHome;
let stateDir: string;
beforeEach(() => {
  home = isolatedHome();
  stateDir = join(home.stateDir, "pilotlight");
});
afterEach(() => home.cleanup());

const login = (expiresAt: number) => ({
  claudeAiOauth: { accessToken: "sk-ant-oat01-TEST-1795242128458", expiresAt, scopes: ["a"] },
});

function put(path: string, value: object, mode = 0o600): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(value), { mode });
  return path;
}

const at = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));

describe("time that is let go by", () => {
  it("moves the dates of the credential back, and nothing else in it", () => {
    const file = put(join(home.configDir, ".credentials.json"), login(AT), 0o640);
    passTime({ configDir: home.configDir, stateDir }, 8 * HOUR);
    expect(at(file)).toEqual(login(AT - 8 * HOUR));
    expect(statSync(file).mode & 0o777).toBe(0o640);
  });

  it("moves the dates of everything that Pilotlight remembers of it", () => {
    const record = put(join(stateDir, "logins", "default.json"), { verdict: { at: AT } });
    const issued = JSON.stringify(login(AT));
    const journal = put(join(stateDir, "journal", "default.json"), { at: AT, issued });
    const last = put(join(stateDir, "journal", "default.generation.json"), { credential: issued });
    const staged = put(join(stateDir, "staging", "default", ".credentials.json"), login(AT));
    passTime({ configDir: home.configDir, stateDir }, HOUR);
    const older = JSON.stringify(login(AT - HOUR));
    expect(at(record)).toEqual({ verdict: { at: AT - HOUR } });
    expect(at(journal)).toEqual({ at: AT - HOUR, issued: older });
    expect(at(last)).toEqual({ credential: older });
    expect(at(staged)).toEqual(login(AT - HOUR));
  });

  it("makes a lock older by as much", () => {
    const lock = `${home.configDir}.lock`;
    mkdirSync(lock);
    utimesSync(lock, AT / 1000, AT / 1000);
    passTime({ configDir: home.configDir, stateDir }, HOUR);
    expect(statSync(lock).mtimeMs).toBe(AT - HOUR);
  });

  it("leaves alone what has no date, and what is not there", () => {
    const text = '{"claudeAiOauth":{"accessToken":"","refreshToken":"","expiresAt":0}}';
    const file = join(home.configDir, ".credentials.json");
    writeFileSync(file, text);
    const before = statSync(file);
    passTime({ configDir: home.configDir, stateDir }, HOUR);
    expect([readFileSync(file, "utf8"), statSync(file).ino]).toEqual([text, before.ino]);
  });
});
