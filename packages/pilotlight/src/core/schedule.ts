const MINUTE = 60_000;

/** What is known of an access token's life: its length in ms and the login's fixed jitter in [-1, 1]. */
export interface Life {
  readonly length: number;
  readonly jitter: number;
}

/** The life of an access token where nothing tells it: 8 h, as the server has issued since 2025. */
export const USUAL_LIFE = 8 * 60 * MINUTE;

/** A token with less than this left must not be handed to a job if a refresh is possible. */
export const MANDATORY_WINDOW = 10 * MINUTE;

/** How long a grant may take before we stop waiting for it, in ms. The grant itself goes on. */
export const GRANT_PATIENCE = 150_000;

const DUE_SHARE = 0.25;
const DUE_FLOOR = 15 * MINUTE;
const JITTER_SHARE = 0.1;

/** When (epoch ms) a token that ends at `expiresAt` enters its refresh window: the last quarter of its life, ±10 % jitter. */
export function dueAt(expiresAt: number, life: Life): number {
  // Half a life at most: otherwise the floor would make a short-lived token due at birth.
  const window = Math.min(Math.max(life.length * DUE_SHARE, DUE_FLOOR), life.length / 2);
  return expiresAt - window * (1 + JITTER_SHARE * life.jitter);
}

/**
 * The life (ms) to ask of a token that lives `length` when somebody wishes for `minTtl`: half a life at most,
 * or each look would rotate what the last one brought.
 */
export function lifeToAskFor(minTtl: number, length: number): number {
  return Math.min(minTtl, length / 2);
}

/** A number in [-1, 1) that is always the same for a name, so that logins of one host do not refresh together. */
export function jitterOf(name: string): number {
  // FNV-1a, 32 bit.
  let hash = 0x811c9dc5;
  for (const char of name) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  // FNV alone leaves names that differ in their last letter side by side.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x80000000 - 1;
}
