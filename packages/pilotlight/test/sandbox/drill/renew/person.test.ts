import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type Person, personAt } from "../../../../src/sandbox/drill/renew/person.ts";
import { type Sandbox, startSandbox } from "../../../../src/sandbox/index.ts";
import { aLink, redemption } from "../../authorization/a-link.ts";

let sandbox: Sandbox;
let told: string[];
let person: Person;

beforeEach(async () => {
  sandbox = await startSandbox();
  onTestFinished(() => sandbox.stop());
  told = [];
  person = at(aLink());
});

const at = (link: string) =>
  personAt(sandbox.authorizeUrl(link), (step, said) => void told.push(`${step}: ${said}`));

const redeem = (code: string) =>
  fetch(sandbox.tokenUrl, { method: "POST", body: JSON.stringify(redemption(code)) });

describe("the person in the drill", () => {
  it("goes through the pages to a code of the account that was to agree", async () => {
    const code = await person.agree("colleague");
    expect((await redeem(code)).status).toBe(200);
    expect(sandbox.logins()).toMatchObject([{ account: "colleague" }]);
    expect(told).toEqual([
      "account: colleague@sandbox.invalid in Sandbox, one of 3",
      "consent: agreed",
      expect.stringMatching(/^code: TEST\w/),
    ]);
    expect(told.join()).not.toContain(code.split("#")[0]);
    expect(sandbox.requests().map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /cai/oauth/authorize",
      "GET /cai/oauth/authorize",
      "POST /cai/oauth/authorize",
      "GET /oauth/code/callback",
      "POST /v1/oauth/token",
    ]);
  });

  it("can refuse", async () => {
    await person.cancel("person");
    expect(told.at(-1)).toBe("consent: refused");
  });

  it.each([
    [
      "a link that is not in order",
      () => at(aLink({ client_id: null })),
      "This link cannot be used",
    ],
    ["no page at all", () => personAt(`${sandbox.url}/elsewhere`, () => {}), 'it has "none" (404)'],
  ])("stops at %s", async (_name, whose, said) => {
    await expect(whose().agree("person")).rejects.toThrow(said);
  });

  it("stops at a link that was used", async () => {
    await redeem(await person.agree("person"));
    await expect(person.agree("person")).rejects.toThrow("This link has been used");
  });
});
