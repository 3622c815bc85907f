import { type Entry, isBlanked, mayInfer } from "../../core/credential.ts";

/** Why Claude Code does not use what the credential store holds. */
export interface LoginTrouble {
  readonly code: "credential_corrupt" | "credential_not_a_file" | "no_credential" | "scope_missing";
  /** A sentence without its full stop, about "it". */
  readonly why: string;
}

/** Tells why the stored login cannot be used; `null` where it can, or where there is none at all. */
export function loginTrouble(entry: Entry): LoginTrouble | null {
  if (entry.state === "absent") return null;
  if (entry.state === "unreadable") {
    const why = `it cannot be used: ${entry.reason}`;
    const { code } = entry;
    const isItself = code === "credential_corrupt" || code === "credential_not_a_file";
    return { code: isItself ? code : "no_credential", why };
  }
  const { credential } = entry;
  if (isBlanked(credential)) return { code: "no_credential", why: "its tokens were blanked" };
  if (credential.accessToken === null) {
    return { code: "no_credential", why: "it holds no access token" };
  }
  if (mayInfer(credential)) return null;
  return { code: "scope_missing", why: "its scopes lack user:inference" };
}
