/** One safety rule taken out of the code, as a change of its text. */
export interface Mutation {
  /** What the code no longer does. */
  readonly drops: string;
  readonly file: string;
  /** Must stand there exactly once. */
  readonly text: string;
  readonly becomes: string;
  /** The fault that shows it, where the usual ones cannot. */
  readonly isSuspending?: boolean;
  /** The seed that is known to show it, tried first: few do. */
  readonly seed?: number;
}

const CALL = "const outcome = await lookThenLock(parts, options);";

/** The call with a part exchanged for one that breaks the rule. */
function withStore(change: string): string {
  return `const { store } = parts;
  const outcome = await lookThenLock({ ...parts, store: { ...store, ${change} } }, options);`;
}

export const MUTATIONS: readonly Mutation[] = [
  {
    drops: "the second read, under the lock",
    file: "refresh.ts",
    text: CALL,
    becomes: `const first = parts.store.read();\n  ${withStore("read: () => first")}`,
  },
  {
    drops: "the lock",
    file: "refresh.ts",
    text: CALL,
    becomes: withStore(
      "withLock: async (task) => ({ done: await task({ isHeld: async () => true }) })",
    ),
  },
  {
    drops: "the question whether the lock is still held",
    file: "refresh.ts",
    text: CALL,
    becomes: withStore(
      "withLock: (task) => store.withLock(() => task({ isHeld: async () => true }))",
    ),
    isSuspending: true,
  },
  {
    drops: "the same question before a witness's word",
    file: "witness.ts",
    text: "fencedRecords(records, lock).write",
    becomes: "records.write",
    isSuspending: true,
    seed: 220,
  },
  {
    drops: "the pair that a write expects",
    file: "refresh.ts",
    text: CALL,
    becomes: withStore(`write: async (next, expected, lock) => {
      const { credential } = await store.read();
      const access = credential?.accessToken?.fingerprint ?? null;
      const refresh = credential?.refreshToken?.fingerprint ?? null;
      return store.write(next, { access, refresh }, lock);
    }`),
  },
  {
    drops: "the write before the news",
    file: "refresh.ts",
    text: CALL,
    becomes: withStore(
      `write: (next, pair, lock) => store.write(next, pair, lock).catch(() => ({ kind: "written" }))`,
    ),
  },
  {
    drops: "the intent in the journal",
    file: "refresh.ts",
    text: "await journal.write(intent);",
    becomes: "",
  },
  {
    drops: "the proof that the store can be written",
    file: "refresh.ts",
    text: "store.proveWritable(), ",
    becomes: "",
  },
  {
    drops: "the proof that the journal can be written",
    file: "refresh.ts",
    text: ", journal.proveWritable()",
    becomes: "",
  },
  {
    drops: "the difference between a passing failure and an end",
    file: "refresh.ts",
    text: 'case "failed": {',
    becomes:
      'case "failed": {\n if (result.spent === "no") return markEnded(parts, intent, "TEST");',
  },
  {
    drops: "the doubt about a lost answer",
    file: "refresh.ts",
    text: 'await journal.write({ ...intent, step: "in_doubt", code, detail });',
    becomes: "await parts.grants[intent.driver].tidy(); await journal.clear();",
  },
  {
    drops: "the memory of an ended login",
    file: "refresh.ts",
    text: "const ended = endOf(credential, record);",
    becomes: "const ended = null;",
  },
  {
    drops: "the journal, before the write instead of after it",
    file: "commit.ts",
    text: 'await journal.write({ ...intent, step: "result", issued })',
    becomes: "await close(parts, intent)",
  },
  {
    drops: "the look at the store before a login is called ended",
    file: "commit.ts",
    text: "const isMoved = theirs !== null && !isSamePair(pairOf(theirs), from);",
    becomes: "const isMoved = false;",
    isSuspending: true,
    seed: 365,
  },
  {
    drops: "the archive of a generation that lost a conflict",
    file: "commit.ts",
    text: "if (!isOurs) await journal.archive(issued);",
    becomes: "",
  },
  {
    drops: "the memory of spent tokens",
    file: "commit.ts",
    text: "return [...spent, refresh].slice(-SPENT_KEPT);",
    becomes: "return spent;",
  },
  {
    drops: "the patience with a token in doubt",
    file: "recover.ts",
    text: "return isRejected || isEnded || accessToken === null;",
    becomes: "return true;",
  },
  {
    drops: "the end of trying after one more try",
    file: "recover.ts",
    text: "parts.clock.now()) : left.retried)",
    becomes: "parts.clock.now()) : false)",
  },
  {
    drops: "the pause before a build that tells nothing is asked again",
    file: "recover.ts",
    text: "isWithin(UNTOLD_PAUSE,",
    becomes: "isWithin(0,",
  },
  {
    drops: "the wait for the grant of a run that crashed",
    file: "recover.ts",
    text: "return running(parts, left, remains.detail);",
    becomes: "return doubt(parts, options, left);",
  },
  {
    drops: "the result that an earlier run left in the stage",
    file: "recover.ts",
    text: 'return clearOr(await commit(parts, left, remains.credential, "adopted", lock));',
    becomes: "return doubt(parts, options, left);",
  },
  {
    drops: "the question whether the store's token is spent",
    file: "restore.ts",
    text: "isSpent(record, live)",
    becomes: "false",
  },
  {
    drops: "the question whether the repair's token is spent",
    file: "restore.ts",
    text: "if (refresh === undefined || record.spent.includes(refresh)) return false;",
    becomes: "if (refresh === undefined) return false;",
  },
];
