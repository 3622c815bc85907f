import type { Credential, Entry, Fingerprint, Pair } from "./credential.ts";
import type { ErrorCode } from "./errors.ts";
import type { Outcome } from "./outcome.ts";
import type { Verdict } from "./verdict.ts";

/** Time. `now` may jump (NTP, suspend); `monotonic` never goes back. Both in ms. */
export interface Clock {
  now(): number;
  monotonic(): number;
  /** Resolves after `ms`, or as soon as `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/**
 * Where one login's credential lives.
 * Promises: `read` sees the old or the new document, never a torn one that this process wrote;
 * a resolved `write` is durable. Does not promise that nobody else writes: the locks exclude only those who take them.
 */
export interface CredentialStore {
  read(): Promise<Entry>;
  /**
   * Takes the CLI's refresh locks, runs `task`, releases them.
   * @returns the task's value, or `busy` when patience ended before the locks could be had.
   * @throws PilotlightError `cannot_persist` when the locks cannot be made here at all.
   */
  withLock<T>(
    task: (lock: HeldLock) => Promise<T>,
    patience?: LockPatience,
  ): Promise<{ done: T } | { busy: string }>;
  /** @throws PilotlightError `cannot_persist`, naming the place, unless a document as large as ours would be kept. */
  proveWritable(): Promise<void>;
  /**
   * Merges `next` over what is stored, if the store still holds `expected`, or holds no usable pair.
   * A different pair or an absent entry wins over ours: then nothing is written. With `null` for `expected`, as after
   * a sign-in, ours wins over whatever is there.
   * @throws PilotlightError `cannot_persist`; the old document is intact, or (in-place writes) the journal has ours.
   */
  write(next: Credential, expected: Pair | null, lock: HeldLock): Promise<WriteResult>;
  /**
   * Takes the login out, and what others keep in the same document stays; a document that holds nothing else goes.
   * @returns `absent` where there was none. @throws PilotlightError `cannot_persist`
   */
  remove(
    lock: HeldLock,
  ): Promise<Extract<WriteResult, { kind: "written" | "absent" | "lock_lost" }>>;
}

/** How long a caller waits for a lock. */
export interface LockPatience {
  /** ms; the configured time unless given. */
  readonly waitMs?: number;
  /** Asked while waiting: true once the lock is not worth having any more. */
  readonly isMoot?: () => Promise<boolean>;
}

/** A lock that is held. It can be lost (a suspend longer than its life); whoever is about to commit asks. */
export interface HeldLock {
  /** True while the locks on disk are still the ones that were taken. */
  isHeld(): Promise<boolean>;
}

export type WriteResult =
  | { readonly kind: "written" }
  /** Somebody else's pair is there and wins. */
  | { readonly kind: "conflict"; readonly credential: Credential }
  /** The entry is gone: a logout wins. */
  | { readonly kind: "absent" }
  /** The lock was no longer ours right before the commit; nothing was written. */
  | { readonly kind: "lock_lost" };

export type Driver = "cli" | "endpoint";

/** A process that carries out a grant. `startedAt` tells it from a later one with the same pid. */
export interface GrantProcess {
  readonly pid: number;
  readonly startedAt: string;
}

export type GrantResult =
  /** A new generation, already durable outside the store (stage or spill). */
  | { readonly kind: "issued"; readonly credential: Credential }
  /** `invalid_grant`. */
  | { readonly kind: "rejected"; readonly detail: string }
  /**
   * No new generation was seen. `spent: "no"` when the server surely kept the old refresh token,
   * `"maybe"` when its answer was lost.
   */
  | {
      readonly kind: "failed";
      readonly code: ErrorCode;
      readonly spent: "no" | "maybe";
      readonly detail: string;
      /** ms that the server asked to wait, if it did. */
      readonly retryAfter: number | null;
    };

/** What an earlier, interrupted grant left behind. */
export type Remains =
  | { readonly kind: "issued"; readonly credential: Credential }
  | { readonly kind: "rejected"; readonly detail: string }
  | { readonly kind: "running"; readonly detail: string }
  /** Nothing was sent: the grant never got as far as its child or request. */
  | { readonly kind: "unsent" }
  /** It is over and left nothing: the refresh token may be spent. */
  | { readonly kind: "nothing" };

/** One way to carry out a refresh grant (RFC 6749 §6). There is no way to cancel one: only its answer holds the new token. */
export interface RefreshGrant {
  /** @throws PilotlightError before anything is spent: CLI missing or refused, stage or spill not writable. */
  prepare(): Promise<void>;
  /** Spends the refresh token once. `started` is told of the process, if there is one, as soon as it lives. */
  spend(
    credential: Credential,
    started: (process: GrantProcess) => Promise<void>,
  ): Promise<GrantResult>;
  /** Looks at what a grant for `from` left, without network. */
  inspect(from: Pair, process: GrantProcess | null, since: number): Promise<Remains>;
  /** Removes every token the grant left outside the store. Called once its result is committed. */
  tidy(): Promise<void>;
}

/** The journal of one login: what is being spent, and what came of it until it is stored. */
export interface JournalRecord {
  readonly step: "intent" | "result" | "in_doubt";
  readonly from: Pair;
  readonly driver: Driver;
  /** Epoch ms of the intent. */
  readonly at: number;
  readonly process: GrantProcess | null;
  /** The merged result, from `result` on. */
  readonly issued: Credential | null;
  /** In doubt only: the one more try was made. */
  readonly retried: boolean;
  /** In a retry's intent: what `retried` was before it, and is again if the server surely did nothing. */
  readonly wasRetried: boolean;
  /** In doubt only: why it is. */
  readonly code: ErrorCode | null;
  /** In doubt only: what was seen. */
  readonly detail: string;
}

/** Promises: a resolved `write` survives a crash of process and machine; `read` never returns a torn record. */
export interface Journal {
  read(): Promise<JournalRecord | null>;
  write(record: JournalRecord): Promise<void>;
  clear(): Promise<void>;
  /** Keeps a generation that lost a conflict, for 30 days. */
  archive(credential: Credential): Promise<void>;
  /** @throws PilotlightError `cannot_persist` unless 1 MiB can be made durable here. */
  proveWritable(): Promise<void>;
}

/** What is remembered of a login between runs. */
export interface LoginRecord {
  readonly verdict: Verdict | null;
  /** Refresh tokens whose use brought a different one; never sent again. Newest last, at most 256. */
  readonly spent: readonly Fingerprint[];
  /** The last good generation seen, for the repair of a blanked store. */
  readonly generation: Credential | null;
  /** ms from issue to expiry of the current access token, where a refresh of ours told it. */
  readonly lifeLength: number | null;
}

/** What is remembered of a login that nobody has met. */
export const EMPTY_RECORD: LoginRecord = {
  verdict: null,
  spent: [],
  generation: null,
  lifeLength: null,
};

/** Promises: a resolved `write` is durable, and `read` sees the last one. One writer at a time: the login's lock holder. */
export interface LoginRecords {
  /** @throws PilotlightError `state_newer`. */
  read(): Promise<LoginRecord>;
  write(record: LoginRecord): Promise<void>;
}

/** What a keeper tells whoever watches. Never carries a secret. */
export type KeeperEvent =
  | { readonly kind: "grant_started"; readonly driver: Driver; readonly from: Pair }
  | { readonly kind: "replayed"; readonly detail: string }
  | { readonly kind: "restored"; readonly pair: Pair }
  /** Somebody who used the access token tells what the server said of it. */
  | { readonly kind: "verdict"; readonly verdict: Verdict }
  /** A refresh ended with an error instead of an outcome. */
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly detail: string }
  | { readonly kind: "outcome"; readonly outcome: Outcome };

export type Tell = (event: KeeperEvent) => void;

/** How a credential is written down. Pure. */
export interface CredentialFormat {
  /** Never throws: what cannot be understood is an `unreadable` entry. */
  parse(text: string): Entry;
  /** The document without its login, everything else kept; `null` where nothing else is in it. */
  without(live: string): string | null;
  /** The document to store: `next`'s fields over those of `live`, everything else in `live` kept. */
  merge(live: string | null, next: Credential): string;
}

/** The locks that Claude Code itself takes, made and released as it does. */
export interface CliLocks {
  /** Both refresh locks, in the CLI's order. @throws PilotlightError `cannot_persist` where they cannot be made. */
  withRefreshLocks<T>(
    task: (lock: HeldLock) => Promise<T>,
    patience?: LockPatience,
  ): Promise<{ done: T } | { busy: string }>;
  /** The short lock around the write of the file itself. @throws PilotlightError `cannot_persist` as above. */
  withWriteLock<T>(task: (lock: HeldLock) => Promise<T>): Promise<{ done: T } | { busy: string }>;
}

/** Files that survive a crash of process and machine once a call has resolved. */
export interface DurableFiles {
  /** Creates or replaces `path` atomically with mode 0600. @throws PilotlightError `cannot_persist`. */
  write(path: string, text: string): Promise<void>;
  /** Proves that `dir` takes 1 MiB more, and leaves nothing. @throws PilotlightError `cannot_persist`. */
  prove(dir: string): Promise<void>;
}
