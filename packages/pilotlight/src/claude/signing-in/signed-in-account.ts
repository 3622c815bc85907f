import { readFile } from "node:fs/promises";
import { type Fields, isObject } from "../../core/json-object.ts";

/** Whose login it is, as Claude Code notes it beside the credential; `null` where it does not say. */
export interface SignedInAccount {
  readonly account: string | null;
  readonly organization: string | null;
  readonly email: string | null;
}

const NOBODY: SignedInAccount = { account: null, organization: null, email: null };

/** Reads whose login a config directory holds, from its `.claude.json`. Never throws. */
export async function signedInAccount(stateFile: string): Promise<SignedInAccount> {
  const text = await readFile(stateFile, "utf8").catch(() => "");
  const account = accountIn(text);
  if (account === null) return NOBODY;
  return {
    account: textAt(account, "accountUuid"),
    organization: textAt(account, "organizationUuid"),
    email: textAt(account, "emailAddress"),
  };
}

function accountIn(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    const account = isObject(value) ? value["oauthAccount"] : null;
    return isObject(account) ? account : null;
  } catch {
    return null;
  }
}

function textAt(fields: Fields, key: string): string | null {
  const value = fields[key];
  return typeof value === "string" && value !== "" ? value : null;
}
