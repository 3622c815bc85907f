/** What is known of an entity in the long term, and from which messages. Times are epoch ms. */
export interface Fact {
  readonly id: string;
  readonly text: string;
  /** 0 to 1. */
  readonly confidence: number;
  /** The messages that it was read in; never empty. */
  readonly sourceMessageIds: readonly string[];
  readonly createdAt: number;
  readonly updatedAt: number;
  /** `null` while it holds. */
  readonly withdrawn: Withdrawal | null;
}

/** Why a fact holds no longer. */
interface Withdrawal {
  readonly at: number;
  readonly reason: string;
}

/** Characters of a fact; a longer one is a retelling. */
export const LONGEST_FACT = 500;

/** What two wordings of one fact have in common. */
export function sameness(text: string): string {
  return text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
}

/** The facts that a context has room for: the surest first, and among equals the newest. */
export function surest(facts: readonly Fact[], limit: number): readonly Fact[] {
  return facts
    .toSorted((a, b) => b.confidence - a.confidence || b.updatedAt - a.updatedAt)
    .slice(0, limit);
}
