/** What Claude brings from a set of messages. Nothing in it is believed without a citation. */
export interface Reading {
  readonly summary: string;
  readonly added: readonly Stated[];
  readonly updated: readonly (Stated & { readonly factId: string })[];
  readonly withdrawn: readonly Contradicted[];
}

interface Stated {
  readonly text: string;
  readonly confidence: number;
  readonly sourceMessageIds: readonly string[];
}

interface Contradicted {
  readonly factId: string;
  readonly reason: string;
  readonly sourceMessageIds: readonly string[];
}

/** What became of a reading, counted. */
export interface Tally {
  readonly added: number;
  readonly updated: number;
  readonly withdrawn: number;
  /** Known already; their citations were added. */
  readonly duplicates: number;
  /** Without a message that was shown, or about a fact that is not there. */
  readonly rejected: number;
}

export const NOTHING_READ: Tally = {
  added: 0,
  updated: 0,
  withdrawn: 0,
  duplicates: 0,
  rejected: 0,
};

export function sumOf(one: Tally, other: Tally): Tally {
  return {
    added: one.added + other.added,
    updated: one.updated + other.updated,
    withdrawn: one.withdrawn + other.withdrawn,
    duplicates: one.duplicates + other.duplicates,
    rejected: one.rejected + other.rejected,
  };
}
