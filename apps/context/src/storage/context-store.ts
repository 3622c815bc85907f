import type { Fact } from "../core/fact.ts";
import type { Entity, Message, MessageDraft } from "../core/message.ts";
import type { Failure, Progress, Snapshot } from "../core/snapshot.ts";

/** A message after it was given to the store. */
export interface Added {
  readonly message: Message;
  /** False where its key was known with the same words. */
  readonly isNew: boolean;
}

/** What came of a reading, to be stored as one. */
interface CommittedReading {
  /** The revision of the facts that it was made from. */
  readonly revision: number;
  readonly readUpTo: number;
  readonly summary: string | null;
  readonly changed: readonly Fact[];
  /** Epoch ms. */
  readonly at: number;
}

/** A page goes on after the last one of the page before. */
interface Page<Cursor> {
  readonly after: Cursor | null;
  readonly limit: number;
}

/**
 * Where entities, messages and facts are kept. Every method is atomic and durable when it resolves, and none
 * sees half of another. It promises no order between entities, and waits for no other process longer than
 * a few seconds. `test/storage/contract.ts` holds every store to it.
 */
export interface ContextStore {
  /** Makes an entity, or gives a known one this name. */
  putEntity(entity: Entity): Promise<{ readonly entity: Entity; readonly isNew: boolean }>;
  entity(id: string): Promise<{ readonly entity: Entity; readonly progress: Progress } | null>;
  /** By id. */
  entities(page: Page<string>): Promise<readonly Entity[]>;
  /** Removes it with all that is known of it; false where there is none. */
  removeEntity(id: string): Promise<boolean>;
  /** Stores all of them, or none. @throws KeyTaken for a key that stands for other words already; `null` where there is no such entity */
  addMessages(entityId: string, drafts: readonly MessageDraft[]): Promise<readonly Added[] | null>;
  /** In the order of their arrival; `after` is a position. */
  messages(entityId: string, page: Page<number>): Promise<readonly Message[]>;
  /** The facts, newest change first; withdrawn ones only where they are asked for. */
  facts(entityId: string, options: { readonly withdrawn: boolean }): Promise<readonly Fact[]>;
  /** `null` where there is no such entity. */
  snapshot(
    entityId: string,
    limits: { readonly hot: number; readonly unread: number },
  ): Promise<Snapshot | null>;
  /** Stores a reading on the very facts it was made from, and forgets the last failure; false, and nothing is stored, where they have changed. */
  commit(entityId: string, reading: CommittedReading): Promise<boolean>;
  /** Withdraws a live fact by hand; `null` where there is none. */
  withdraw(
    entityId: string,
    factId: string,
    withdrawal: NonNullable<Fact["withdrawn"]>,
  ): Promise<Fact | null>;
  noteFailure(entityId: string, failure: Failure): Promise<void>;
  /** Whether it can be read and written now; changes nothing. @throws what is in the way */
  probe(): Promise<void>;
  close(): Promise<void>;
}

/** A key was used for two different messages. */
export class KeyTaken extends Error {
  readonly key: string;

  constructor(key: string) {
    super(`the key ${JSON.stringify(key)} stands for another message already`);
    this.name = "KeyTaken";
    this.key = key;
  }
}
