import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { memoryFileIn } from "../../../src/claude/build/build-memory.ts";
import { isolates } from "../../../src/claude/build/claude-build.ts";
import { findClaude } from "../../../src/claude/build/find-claude.ts";
import { credentialsFile } from "../../../src/claude/credentials-file.ts";
import { readConfig } from "../../../src/cli/config.ts";
import { secureAccess } from "../../../src/cli/job/secure-access.ts";
import { wire } from "../../../src/cli/wire.ts";
import { durableFiles } from "../../../src/stores/durable-files.ts";
import { type IsolatedHome, isolatedHome } from "../../support/isolated.ts";
import { loginDocument } from "../a-login.ts";

let home: IsolatedHome;
beforeEach(() => {
  home = isolatedHome();
});
afterEach(() => home.cleanup());

/** The access to a store that nobody can write, root included, with `fields` in its login. */
async function accessTo(fields: object) {
  const claude = join(home.home, "claude");
  writeFileSync(claude, "\x7fELF");
  chmodSync(claude, 0o755);
  const config = await readConfig({
    ...home.env,
    PILOTLIGHT_STATE_DIR: home.stateDir,
    CLAUDE_CREDENTIALS_PATH: join(claude, "login.json"),
  });
  const [login] = config.logins;
  if (login === undefined) throw new Error("there is no login");
  const command = [claude];
  await isolates(await findClaude(JSON.stringify(command), config.env), {
    memoryFile: memoryFileIn(config.stateDir),
    files: durableFiles(),
    env: config.env,
    rehearse: () => Promise.resolve(true),
  });
  const parts = wire(config, login, () => undefined);
  const entry = credentialsFile.parse(JSON.stringify(loginDocument(fields)));
  return secureAccess(
    { ...parts, store: { ...parts.store, read: () => Promise.resolve(entry) } },
    { config, login, command, minTtl: 0, isolate: "auto" },
  );
}

it("says of a blanked store that cannot be written that it holds no access token", async () => {
  await expect(accessTo({ accessToken: "", expiresAt: 0 })).rejects.toThrow(
    expect.objectContaining({
      code: "store_read_only",
      message: expect.stringMatching(/login\.json, and it holds no access token$/),
    }),
  );
});

it("says of a token without a date in such a store that its end is unknown", async () => {
  const { warning } = await accessTo({ expiresAt: null });
  expect(warning).toMatchObject({
    code: "store_read_only",
    detail: expect.stringMatching(/ it holds an access token, but its end is unknown$/),
  });
});

it("says how long the token in such a store still lives", async () => {
  const { warning } = await accessTo({ expiresAt: Date.now() + 2.5 * 3_600_000 });
  expect(warning?.detail).toMatch(
    / is read-only here, and its access token ends in 2 h (30|29) min$/,
  );
});
