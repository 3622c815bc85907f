import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { idlePrompts } from "../../../src/cli/doctor/scan/wasteful-starts.ts";
import { scanText } from "../../../src/cli/doctor/scan/scan-files.ts";
import { shortStops } from "../../../src/cli/doctor/scan/short-stops.ts";
import { KINDS } from "../../../src/cli/generate/kinds.ts";
import { type IsolatedHome, isolatedHome } from "../../support/isolated.ts";
import { put } from "../doctor/an-examination.ts";
import { anInstallation, AWKWARD } from "./an-installation.ts";

const wish = { isSystem: false, variant: null };
const linesOf = (fields: Parameters<typeof anInstallation>[0] = {}) =>
  (KINDS.cron.make(anInstallation(fields), wish).files[0]?.text ?? "").split("\n");

let home: IsolatedHome;
beforeEach(() => {
  home = isolatedHome();
});
afterEach(() => home.cleanup());

/** What cron hands to the shell: the command after the time, up to a bare %, each \% without its backslash (crontab(5)). */
function commandIn(line: string): string {
  const command = /^#?(?:\S+ ){5}(.*)$/.exec(line)?.[1] ?? "";
  return (/^(?:\\%|[^%])*/.exec(command)?.[0] ?? "").replaceAll("\\%", "%");
}

describe("a crontab", () => {
  it("renews and checks with full paths, and one login where one is named", () => {
    const lines = linesOf({ login: "bot" });
    expect(lines).toContain(
      "*/15 * * * * /opt/node/bin/node /opt/pilotlight/bin/pilotlight.mjs refresh --login bot >/dev/null",
    );
    expect(lines).toContain(
      '23 8 * * * said=$(/opt/node/bin/node /opt/pilotlight/bin/pilotlight.mjs check --login bot) || echo "$said"',
    );
    expect(lines).toContain(`HOME="/home/bot"`);
    expect(lines.filter((line) => line.startsWith("#0 3"))).toHaveLength(1);
    const file = scanText("crontab", lines.join("\n").replace("#0 3", "0 3"));
    expect([...shortStops([file]), ...idlePrompts([file])]).toEqual([]);
  });

  it("starts Pilotlight in whatever folder it lies", () => {
    const folder = join(home.home, AWKWARD);
    mkdirSync(folder, { recursive: true });
    const node = put(home, `${AWKWARD}/node`, '#!/bin/sh\nprintf "<%s>" "$@"\nexit 1\n', 0o755);
    const script = join(folder, "pilotlight.mjs");
    const run = (line: string | undefined) =>
      spawnSync("/bin/sh", ["-c", commandIn(line ?? "")], { encoding: "utf8", env: {} });
    const lines = linesOf({ node, script, home: folder });
    expect(run(lines.find((line) => line.startsWith("23 8"))).stdout).toBe(`<${script}><check>\n`);
    const job = run(lines.find((line) => line.startsWith("#0 3")));
    expect(job).toMatchObject({ stderr: "", stdout: `<${script}><run><--><claude><-p><…>` });
    expect(run(lines.find((line) => line.startsWith("*/15")))).toMatchObject({
      stdout: "",
      stderr: "",
    });
  });

  it("gives a value the quotes that it does not hold", () => {
    const variables = { A: `it's`, B: `["node"]` };
    expect(linesOf({ variables })).toEqual(expect.arrayContaining([`A="it's"`, `B='["node"]'`]));
  });
});
