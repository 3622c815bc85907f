import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, it, onTestFinished } from "vitest";
import { type Act, ACTS } from "../../../../src/sandbox/drill/renew/acts.ts";
import { visit, type Visit } from "../../../../src/sandbox/drill/renew/visit.ts";
import { type Sandbox, startSandbox } from "../../../../src/sandbox/index.ts";
import { aLink, redemption } from "../../authorization/a-link.ts";

let sandbox: Sandbox;
let codeFile: string;
let kills: number;

beforeEach(async () => {
  sandbox = await startSandbox();
  const folder = mkdtempSync(join(tmpdir(), "pilotlight-test-"));
  onTestFinished(async () => {
    await sandbox.stop();
    rmSync(folder, { recursive: true });
  });
  codeFile = join(folder, "code");
  kills = 0;
});

const renewal = ACTS.find(({ part, person }) => part === "renewal" && person !== undefined) as Act;
const ENDED = { exit: 0, stdout: "", stderr: "", isHung: false };

/** Visits for a sign-in that has printed this, and goes on until it is killed. */
function visiting(act: Act, printed: string): Promise<Visit> {
  const { promise, resolve } = Promise.withResolvers<typeof ENDED>();
  const kill = () => {
    kills += 1;
    resolve(ENDED);
  };
  const job = { ended: promise, printed: () => printed, kill };
  return visit({ sandbox, act, job, codeFile, tell: () => undefined });
}

const linked = (link: string) => `${JSON.stringify({ event: "link", url: link })}\n`;

it("hands in the code that the page shows", async () => {
  expect(await visiting(renewal, linked(aLink()))).toEqual({ asksPerson: true, trouble: null });
  const body = JSON.stringify(redemption(readFileSync(codeFile, "utf8")));
  expect((await fetch(sandbox.tokenUrl, { method: "POST", body })).status).toBe(200);
  expect(kills).toBe(0);
});

it("hands in nothing where somebody is to paste nothing", async () => {
  const act = { ...renewal, person: async () => null };
  expect(await visiting(act, linked(aLink()))).toEqual({ asksPerson: true, trouble: null });
  expect(existsSync(codeFile)).toBe(false);
});

it.each([
  ["a link that leads elsewhere", renewal, "https://claude.com/settings", /no authorization link/],
  ["a page that refuses the link", renewal, aLink({ client_id: null }), /This link cannot be used/],
  ["a link where nobody was to be asked", { ...renewal, person: undefined }, aLink(), /nobody/],
])("lets nobody wait for ever after %s", async (_what, { person, ...act }, link, trouble) => {
  const whole = person === undefined ? act : { ...act, person };
  expect(await visiting(whole, linked(link))).toEqual({
    asksPerson: true,
    trouble: expect.stringMatching(trouble),
  });
  expect(readFileSync(codeFile, "utf8")).toBe("none");
});

it("kills once the code was redeemed, not before", async () => {
  const visited = visiting({ ...renewal, isKilled: true }, linked(aLink()));
  await expect.poll(() => existsSync(codeFile)).toBe(true);
  expect(kills).toBe(0);
  const body = JSON.stringify(redemption(readFileSync(codeFile, "utf8")));
  await fetch(sandbox.tokenUrl, { method: "POST", body });
  expect(await visited).toEqual({ asksPerson: true, trouble: null });
  expect(kills).toBe(1);
});

it("asks nobody where no link comes", async () => {
  const job = { ended: Promise.resolve(ENDED), printed: () => "{}", kill: () => undefined };
  const visited = await visit({ sandbox, act: renewal, job, codeFile, tell: () => undefined });
  expect(visited).toEqual({ asksPerson: false, trouble: null });
});
