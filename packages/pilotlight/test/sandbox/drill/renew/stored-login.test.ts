import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { changeOf, storedLogin } from "../../../../src/sandbox/drill/renew/stored-login.ts";
import { type Sandbox, startSandbox } from "../../../../src/sandbox/index.ts";

const DAY = 86_400;

interface Scene {
  readonly sandbox: Sandbox;
  readonly file: string;
  write(document: object): void;
}

it.each<[string, string, (scene: Scene) => unknown]>([
  ["nothing happens", "untouched", () => null],
  ["the access token alone is revoked", "untouched", ({ sandbox }) => sandbox.revokeAccess()],
  [
    "there is another pair with the same end",
    "refreshed",
    ({ sandbox, write }) => write(sandbox.signIn({ loginLife: 3 * DAY })),
  ],
  ["there is a later login", "renewed", ({ sandbox, write }) => write(sandbox.signIn())],
  [
    "the new login ends sooner",
    "lost",
    ({ sandbox, write }) => write(sandbox.signIn({ loginLife: DAY })),
  ],
  ["the server has ended it", "lost", ({ sandbox }) => sandbox.endLogin()],
  [
    "the new access token is not the server's",
    "lost",
    ({ sandbox, write }) => {
      const { claudeAiOauth } = sandbox.signIn();
      write({ claudeAiOauth: { ...claudeAiOauth, accessToken: "sk-ant-oat01-TESTnone" } });
    },
  ],
  ["the file is emptied", "lost", ({ write }) => write({})],
  ["the file is gone", "lost", ({ file }) => rmSync(file)],
])("when %s, a login is %s", async (_what, change, happen) => {
  const sandbox = await startSandbox();
  const folder = mkdtempSync(join(tmpdir(), "pilotlight-test-"));
  onTestFinished(async () => {
    await sandbox.stop();
    rmSync(folder, { recursive: true });
  });
  const file = join(folder, ".credentials.json");
  const write = (document: object) => writeFileSync(file, JSON.stringify(document));
  write(sandbox.signIn({ loginLife: 3 * DAY }));
  const before = storedLogin(file, sandbox);
  await happen({ sandbox, file, write });
  expect(changeOf(before, storedLogin(file, sandbox))).toBe(change);
});
