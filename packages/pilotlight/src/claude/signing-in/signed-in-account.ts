import { readFile } from "node:fs/promises";
import type { Credential } from "../../core/credential.ts";
import { type Fields, isObject } from "../../core/json-object.ts";

/** Whose login it is, as Claude Code notes it; `null` where it does not say. */
export interface SignedInAccount {
  readonly account: string | null;
  readonly organization: string | null;
}

/**
 * Reads whose login a config directory holds: from the credential itself, where the build writes it there (2.1.329 does),
 * else from its `.claude.json`, which names the one before until Claude Code runs there the next time. Never throws.
 */
export async function signedInAccount(
  stateFile: string,
  credential: Credential | null,
): Promise<SignedInAccount> {
  const text = await readFile(stateFile, "utf8").catch(() => "");
  const beside = accountIn(text) ?? {};
  const own = credential?.fields.reveal() ?? {};
  const either = (key: string) => textAt(own, key) ?? textAt(beside, key);
  return {
    account: either("accountUuid"),
    organization: either("organizationUuid"),
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
