import type { Sandbox } from "../../start-sandbox.ts";
import type { Person } from "./person.ts";

/**
 * What became of the stored login. `untouched`: not a byte differs, and the server would renew it. `refreshed`: new
 * tokens, the same end. `renewed`: new tokens and a later end. `lost`: anything else.
 */
export type LoginChange = "untouched" | "refreshed" | "renewed" | "lost";

/** What is looked at after an act: how it ended, and how it must end. */
export interface Facts {
  /** `null` after a signal. */
  readonly exit: number | null;
  /** The code that is named, by an error or by an announcement; `null` for none. */
  readonly code: string | null;
  /** What a person is told to type next; `null` for nothing. */
  readonly command: string | null;
  readonly login: LoginChange;
  /** Whole days until the stored login ends. */
  readonly daysLeft: number;
  /** A link was shown, so somebody had to go to a browser. */
  readonly asksPerson: boolean;
  /** Codes that were sent to the token endpoint. */
  readonly codesSent: number;
  /** The server has accepted a request with the new login. */
  readonly isProved: boolean;
}

/** One call of Pilotlight, and whatever a person does meanwhile. */
export interface Act {
  readonly part: "ahead" | "renewal" | "trouble";
  readonly what: string;
  /** Arguments of `pilotlight`. */
  readonly args: readonly string[];
  /** Days that go by before it. */
  readonly passes?: number;
  /** What somebody does between the link and the prompt. @returns what is pasted; `null` for nothing */
  readonly person?: (person: Person, sandbox: Sandbox) => Promise<string | null>;
  /** SIGKILL as soon as the server has redeemed the code, long before its answer. */
  readonly isKilled?: boolean;
  readonly ends: Facts;
}

const LOGIN = ["login", "--json"];
const ME = "person";

/** A call that is only looked at. */
const QUIET: Facts = {
  exit: 0,
  code: null,
  command: null,
  login: "untouched",
  daysLeft: 30,
  asksPerson: false,
  codesSent: 0,
  isProved: false,
};

const ANNOUNCED: Facts = {
  ...QUIET,
  code: "login_ends_soon",
  command: "pilotlight login",
  daysLeft: 3,
};

const RENEWED: Facts = {
  ...QUIET,
  login: "renewed",
  asksPerson: true,
  codesSent: 1,
  isProved: true,
};

/** The present login stays as it is, whatever goes wrong. */
function refused(exit: number, code: string, more: Partial<Facts> = {}): Facts {
  const command = "pilotlight login";
  return { ...QUIET, exit, code, command, asksPerson: true, codesSent: 1, ...more };
}

/** The month of a login and its renewal, then everything that can go wrong with that. */
export const ACTS: readonly Act[] = [
  {
    part: "ahead",
    what: "signed in: nothing to announce",
    args: ["check", "--json"],
    ends: QUIET,
  },
  {
    part: "ahead",
    what: "27 days later: new tokens, the same end",
    args: ["refresh", "--json"],
    passes: 27,
    ends: { ...QUIET, login: "refreshed", daysLeft: 3 },
  },
  {
    part: "ahead",
    what: "check announces the end",
    args: ["check", "--json"],
    ends: { ...ANNOUNCED, exit: 1 },
  },
  {
    part: "ahead",
    what: "status announces it, and what to type",
    args: ["status", "--json"],
    ends: ANNOUNCED,
  },
  {
    part: "renewal",
    what: "a person signs in again",
    args: LOGIN,
    person: (person) => person.agree(ME),
    ends: RENEWED,
  },
  {
    part: "renewal",
    what: "check is content again",
    args: ["check", "--json"],
    ends: QUIET,
  },
  {
    part: "trouble",
    what: "a wrong code",
    args: LOGIN,
    async person(person) {
      const code = await person.agree(ME);
      return `TESTwrong#${code.split("#")[1]}`;
    },
    ends: refused(77, "code_rejected"),
  },
  {
    part: "trouble",
    what: "a half-copied code",
    args: LOGIN,
    async person(person) {
      const code = await person.agree(ME);
      return code.slice(0, code.indexOf("#") + 5);
    },
    ends: refused(77, "code_rejected", { codesSent: 0 }),
  },
  {
    part: "trouble",
    what: "an expired code",
    args: LOGIN,
    async person(person, sandbox) {
      const code = await person.agree(ME);
      sandbox.expireCodes();
      return code;
    },
    ends: refused(77, "code_rejected"),
  },
  {
    part: "trouble",
    what: "another account",
    args: LOGIN,
    person: (person) => person.agree("colleague"),
    ends: refused(78, "another_account", { command: null }),
  },
  {
    part: "trouble",
    what: "the same account in another organization",
    args: LOGIN,
    person: (person) => person.agree("person-elsewhere"),
    ends: refused(78, "another_account", { command: null }),
  },
  {
    part: "trouble",
    what: "refused on the page, and nothing pasted",
    args: [...LOGIN, "--timeout", "2s"],
    async person(person) {
      await person.cancel(ME);
      return null;
    },
    ends: refused(77, "sign_in_failed", { codesSent: 0 }),
  },
  {
    part: "trouble",
    what: "agreed, and the code never pasted",
    args: [...LOGIN, "--timeout", "2s"],
    async person(person) {
      await person.agree(ME);
      return null;
    },
    ends: refused(77, "sign_in_failed", { codesSent: 0 }),
  },
  {
    part: "trouble",
    what: "killed after the code was given",
    args: LOGIN,
    person: (person) => person.agree(ME),
    isKilled: true,
    ends: { ...QUIET, exit: null, asksPerson: true, codesSent: 1 },
  },
  {
    part: "trouble",
    what: "taken up again, without a browser",
    args: LOGIN,
    ends: { ...RENEWED, asksPerson: false, codesSent: 0 },
  },
  {
    part: "trouble",
    what: "after all of it: check is content",
    args: ["check", "--json"],
    ends: QUIET,
  },
];
