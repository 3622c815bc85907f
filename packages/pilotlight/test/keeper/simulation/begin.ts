/** Epoch ms of the first virtual moment. */
export const BEGIN = Date.UTC(2026, 10, 1);
