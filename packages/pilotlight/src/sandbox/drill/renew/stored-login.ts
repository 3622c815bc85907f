import { readFileSync } from "node:fs";
import { credentialsFile } from "../../../claude/credentials-file.ts";
import { pairOf } from "../../../core/credential.ts";
import type { Sandbox } from "../../start-sandbox.ts";
import type { LoginChange } from "./acts.ts";

/** The login on disk, and what the server thinks of it. */
export interface StoredLogin {
  /** The whole file; empty where there is none. */
  readonly text: string;
  /** Epoch ms; 0 where it does not say. */
  readonly endsAt: number;
  /** The server would renew it. */
  readonly isRenewable: boolean;
  /** The server takes its access token. */
  readonly isUsable: boolean;
}

/** Looks at a credential file without changing it. Never throws. */
export function storedLogin(file: string, sandbox: Pick<Sandbox, "logins">): StoredLogin {
  const text = textOf(file);
  const entry = credentialsFile.parse(text);
  const credential = entry.state === "present" ? entry.credential : null;
  const pair = credential === null ? null : pairOf(credential);
  const known = sandbox.logins().find(({ refreshToken }) => refreshToken === pair?.refresh);
  return {
    text,
    endsAt: credential?.loginEndsAt ?? 0,
    isRenewable: known?.state === "live",
    isUsable: known?.access === "live" && known.accessToken === pair?.access,
  };
}

export function changeOf(before: StoredLogin, now: StoredLogin): LoginChange {
  if (!now.isRenewable) return "lost";
  if (now.text === before.text) return "untouched";
  if (!now.isUsable) return "lost";
  const later = now.endsAt - before.endsAt;
  // The wire counts in seconds.
  if (Math.abs(later) < 2000) return "refreshed";
  return later > 0 ? "renewed" : "lost";
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
