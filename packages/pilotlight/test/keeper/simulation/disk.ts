import { credentialsFile } from "../../../src/claude/credentials-file.ts";
import { type Credential, type Entry, isBlanked } from "../../../src/core/credential.ts";
import type { JournalRecord, LoginRecord } from "../../../src/core/ports.ts";
import { Secret } from "../../../src/core/secret.ts";
import type { IssuedLogin } from "./authority.ts";
import type { Lock } from "./locks.ts";
import type { StagedCli } from "./staged-cli.ts";

/** The place where a grant happens: it outlives the keeper that made it. */
export interface Stage {
  document: string | null;
  /** The CLI that was started here, once one was. */
  cli: StagedCli | null;
}

const NO_RECORD: LoginRecord = {
  verdict: null,
  spent: [],
  generation: null,
  lifeLength: null,
};

/** Another's entry in the store, and a key that no writer knows: both must survive every write of ours. */
const SIBLINGS = JSON.stringify({ mcpOAuth: { server: { accessToken: "TEST-mcp" } } });
const UNKNOWN_FIELD = { someKeyOfTheFuture: ["TEST", 1] } as const;

/** Everything that survives a crash. */
export class Disk {
  /** The store's text; `null` where there is none. */
  store: string | null = null;
  journal: JournalRecord | null = null;
  record: LoginRecord = NO_RECORD;
  stage: Stage = { document: null, cli: null };
  archive: Credential[] = [];
  readonly locks = new Map<string, Lock>();
  /** What a backup could hold: every document the store ever had. */
  readonly history: string[] = [];
  isStoreWritable = true;
  /** False while only a little fits into the journal: an intent, but no result. */
  isJournalWritable = true;
  isStageWritable = true;

  read(): Entry {
    return this.store === null ? { state: "absent" } : credentialsFile.parse(this.store);
  }

  /** The login in the store, unless it is absent, torn or blanked. */
  login(): Credential | null {
    const entry = this.read();
    return entry.state === "present" && !isBlanked(entry.credential) ? entry.credential : null;
  }

  put(document: string | null): void {
    this.store = document;
    if (document !== null) this.history.push(document);
  }

  /** Puts `login` into the store as an outsider would, every sibling kept. */
  putLogin(login: IssuedLogin): void {
    this.put(credentialsFile.merge(this.store ?? SIBLINGS, credentialFrom(login)));
  }

  blank(): void {
    if (this.store !== null && this.read().state === "present") this.put(blanked(this.store));
  }
}

/** The document as Claude Code leaves it after `invalid_grant`. */
export function blanked(document: string): string {
  const value = JSON.parse(document) as { claudeAiOauth: object };
  const login = { ...value.claudeAiOauth, accessToken: "", refreshToken: "", expiresAt: 0 };
  return JSON.stringify({ ...value, claudeAiOauth: login });
}

export function credentialFrom(login: IssuedLogin): Credential {
  const fields = { ...login, scopes: ["user:inference"], ...UNKNOWN_FIELD };
  const entry = credentialsFile.parse(JSON.stringify({ claudeAiOauth: fields }));
  if (entry.state !== "present") throw new Error("the authority issued nonsense");
  return { ...entry.credential, fields: new Secret(fields) };
}

/** The text of a token, for the server and for the eyes of the invariants. */
export function textOf(token: Credential["accessToken"]): string {
  return token?.secret.reveal() ?? "";
}
