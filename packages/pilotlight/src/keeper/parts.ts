import type {
  Clock,
  CredentialStore,
  Driver,
  Journal,
  LoginRecords,
  RefreshGrant,
  Tell,
} from "../core/ports.ts";

/** What a keeper of one login works with. */
export interface KeeperParts {
  readonly store: CredentialStore;
  readonly journal: Journal;
  readonly records: LoginRecords;
  /** Both drivers: an interrupted grant is inspected by the one that made it. */
  readonly grants: Readonly<Record<Driver, RefreshGrant>>;
  readonly driver: Driver;
  readonly clock: Clock;
  /** This login's place in the jitter, in [-1, 1). */
  readonly jitter: number;
  readonly tell: Tell;
}
