import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { credentialsFile } from "../../../src/claude/credentials-file.ts";
import { readConfig } from "../../../src/cli/config.ts";
import { DOCTOR_CHECKS } from "../../../src/cli/doctor/doctor-checks.ts";
import type { PlacedFinding } from "../../../src/cli/doctor/doctor-check.ts";
import { openWorld, type WorldOptions } from "../../../src/cli/doctor/world.ts";
import { systemClock } from "../../../src/cli/system-clock.ts";
import { fingerprintOf } from "../../../src/claude/fingerprint.ts";
import type { JournalRecord, LoginRecord } from "../../../src/core/ports.ts";
import { durableFiles } from "../../../src/stores/durable-files.ts";
import { fileJournal } from "../../../src/stores/file-journal.ts";
import { fileLoginRecords } from "../../../src/stores/file-login-records.ts";
import type { IsolatedHome } from "../../support/isolated.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const ACCESS = fingerprintOf("sk-ant-oat01-TEST-access");
export const REFRESH = fingerprintOf("sk-ant-ort01-TEST-refresh");

interface Examination extends Partial<WorldOptions> {
  readonly env?: Readonly<Record<string, string>>;
}

/** Makes one check of doctor in `home`, as the command line would there. */
export async function examine(
  home: IsolatedHome,
  id: string,
  { env = {}, ...options }: Examination = {},
): Promise<readonly PlacedFinding[]> {
  const check = DOCTOR_CHECKS.find((one) => one.id === id);
  if (check === undefined) throw new Error(`there is no check ${id}`);
  const config = await readConfig({ ...home.env, ...env });
  const world = await openWorld(config, config.logins, {
    cwd: home.home,
    platform: "linux",
    now: Date.now(),
    scan: [],
    service: null,
    ...options,
  });
  return check.run(world);
}

/** What a table of findings is compared with. */
export function told(findings: readonly PlacedFinding[]): string {
  return findings
    .map(
      ({ result, code, evidence }) => `${result}: ${code === null ? "" : `${code}: `}${evidence}`,
    )
    .join("\n");
}

export function put(home: IsolatedHome, path: string, text: string, mode = 0o644): string {
  const file = join(home.home, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

export function settings(home: IsolatedHome, value: object): string {
  return put(home, ".claude/settings.json", JSON.stringify(value));
}

export function stateParts(home: IsolatedHome, login = "default") {
  const directory = join(home.stateDir, "pilotlight");
  const [files, clock] = [durableFiles(), systemClock];
  return { directory, login, format: credentialsFile, files, clock };
}

export async function remember(home: IsolatedHome, fields: Partial<LoginRecord>): Promise<void> {
  const records = fileLoginRecords(stateParts(home));
  await records.write({ ...(await records.read()), ...fields });
}

export async function journal(
  home: IsolatedHome,
  fields: Partial<JournalRecord> = {},
): Promise<void> {
  await fileJournal(stateParts(home)).write({
    step: "intent",
    from: { access: ACCESS, refresh: REFRESH },
    driver: "cli",
    at: Date.now() - HOUR,
    process: null,
    issued: null,
    retried: false,
    wasRetried: false,
    code: null,
    detail: "",
    ...fields,
  });
}

/** A program of the name `claude` that nobody may start: it would leave a file. */
export function putClaude(home: IsolatedHome): string {
  const started = JSON.stringify(join(home.home, "started"));
  const program = `#!/usr/bin/env node\nrequire("fs").writeFileSync(${started}, "")`;
  return put(home, "bin/claude", program, 0o755);
}
