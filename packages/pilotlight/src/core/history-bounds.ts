/** What the history is asked for unless told otherwise, and at most. */
export const HISTORY_BOUNDS = { span: "7d", rows: 50, mostRows: 20_000 } as const;
