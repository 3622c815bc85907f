import { type Fact, LONGEST_FACT, sameness } from "./fact.ts";
import type { Reading, Tally } from "./reading.ts";

/** What a reading is held against. */
export interface Around {
  /** The messages that Claude was shown; it can cite no other. */
  readonly shown: ReadonlySet<string>;
  /** Epoch ms. */
  readonly now: number;
  readonly newId: () => string;
}

/** What is to be stored. */
export interface Merged {
  /** New facts, and known ones as they are now. */
  readonly changed: readonly Fact[];
  /** All facts that hold now. */
  readonly live: readonly Fact[];
  readonly tally: Tally;
}

type Fate = keyof Tally;

/** Takes a reading into the live facts: adds, unites duplicates, updates, withdraws. A statement without a citation changes nothing. */
export function mergeFacts(facts: readonly Fact[], reading: Reading, around: Around): Merged {
  const book = ledgerOf(facts);
  const tally = { added: 0, updated: 0, withdrawn: 0, duplicates: 0, rejected: 0 };
  const count = (fate: Fate): void => void (tally[fate] += 1);
  for (const one of reading.updated) count(update(book, one, around));
  for (const one of reading.withdrawn) count(withdraw(book, one, around));
  for (const one of reading.added) count(add(book, one, around));
  return { changed: book.changed(), live: book.live(), tally };
}

function add(book: Ledger, stated: Reading["added"][number], around: Around): Fate {
  const told = statementOf(stated, around);
  if (told === null) return "rejected";
  const known = book.like(told.text);
  if (known !== null) return unite(book, known, told, around);
  const { now, newId } = around;
  book.put({ id: newId(), ...told, createdAt: now, updatedAt: now, withdrawn: null });
  return "added";
}

function update(book: Ledger, stated: Reading["updated"][number], around: Around): Fate {
  const told = statementOf(stated, around);
  const fact = book.get(stated.factId);
  if (told === null || fact === null || book.isTouched(fact.id)) return "rejected";
  const other = book.like(told.text);
  if (other !== null && other.id !== fact.id) {
    book.put({
      ...fact,
      withdrawn: { at: around.now, reason: `the same as ${other.id}` },
    });
    return unite(book, other, told, around);
  }
  // What bore out the old words need not bear out the new ones.
  book.put({ ...fact, ...told, updatedAt: around.now });
  return "updated";
}

function withdraw(book: Ledger, one: Reading["withdrawn"][number], around: Around): Fate {
  const fact = book.get(one.factId);
  const cited = citedIn(one.sourceMessageIds, around);
  // What the same reading has just put in other words is not contradicted by it.
  if (fact === null || cited.length === 0 || book.isTouched(fact.id)) return "rejected";
  const said = one.reason.trim().slice(0, LONGEST_FACT) || "contradicted";
  const reason = `${said} (${cited.join(", ")})`;
  book.put({ ...fact, withdrawn: { at: around.now, reason } });
  return "withdrawn";
}

type Told = Pick<Fact, "text" | "confidence" | "sourceMessageIds">;

function unite(book: Ledger, known: Fact, told: Told, { now }: Around): Fate {
  const sourceMessageIds = union(known.sourceMessageIds, told.sourceMessageIds);
  const confidence = Math.max(known.confidence, told.confidence);
  book.put({ ...known, sourceMessageIds, confidence, updatedAt: now });
  return "duplicates";
}

/** What is left of a statement after a look at it; `null` where nothing bears it out. */
function statementOf(stated: Reading["added"][number], around: Around): Told | null {
  const text = stated.text.replace(/\s+/g, " ").trim();
  const sourceMessageIds = citedIn(stated.sourceMessageIds, around);
  if (sameness(text) === "" || text.length > LONGEST_FACT) return null;
  if (sourceMessageIds.length === 0 || !Number.isFinite(stated.confidence)) return null;
  const confidence = Math.min(1, Math.max(0, stated.confidence));
  return { text, confidence, sourceMessageIds };
}

function citedIn(ids: readonly string[], { shown }: Around): readonly string[] {
  return [...new Set(ids)].filter((id) => shown.has(id));
}

function union(one: readonly string[], other: readonly string[]): readonly string[] {
  return [...new Set([...one, ...other])];
}

type Ledger = ReturnType<typeof ledgerOf>;

/** The facts while they change. */
function ledgerOf(facts: readonly Fact[]) {
  const all = new Map(facts.map((fact) => [fact.id, fact]));
  const live = new Map(facts.filter(isLive).map((fact) => [sameness(fact.text), fact.id]));
  const touched = new Set<string>();
  return {
    get(id: string): Fact | null {
      const fact = all.get(id);
      return fact !== undefined && isLive(fact) ? fact : null;
    },
    like(text: string): Fact | null {
      return all.get(live.get(sameness(text)) ?? "") ?? null;
    },
    put(fact: Fact): void {
      const before = all.get(fact.id);
      if (before !== undefined) live.delete(sameness(before.text));
      all.set(fact.id, fact);
      if (isLive(fact)) live.set(sameness(fact.text), fact.id);
      touched.add(fact.id);
    },
    isTouched: (id: string) => touched.has(id),
    changed: () => [...all.values()].filter(({ id }) => touched.has(id)),
    live: () => [...all.values()].filter(isLive),
  };
}

function isLive(fact: Fact): boolean {
  return fact.withdrawn === null;
}
