import { fingerprintOf } from "../../../src/claude/fingerprint.ts";

const HOUR = 3_600_000;

/** What was in the store when the journal was written. */
export const OLD = login("old", -1);
/** What the server issued and nobody has stored yet. */
export const ISSUED = login("new", 8);

function login(name: string, hours: number): string {
  const now = Date.now();
  return JSON.stringify({
    claudeAiOauth: {
      accessToken: `sk-ant-oat01-TEST-${name}`,
      refreshToken: `sk-ant-ort01-TEST-${name}`,
      expiresAt: now + hours * HOUR,
      refreshTokenExpiresAt: now + 30 * 24 * HOUR,
      scopes: ["user:inference", "user:profile"],
      subscriptionType: "max",
    },
  });
}

/**
 * The state directory of version 0.1.0, killed between its grant and its commit, as it lay on disk on 2026-11-21: file by
 * file and key by key. Only dates and tokens are made anew. Whatever comes after 0.1.0 has to take it over.
 */
export const STATE_OF_0_1_0: Readonly<Record<string, object>> = {
  "journal/default.generation.json": { schema: 1, at: Date.now() - 60_000, credential: OLD },
  "journal/default.json": {
    schema: 1,
    step: "result",
    from: {
      access: fingerprintOf("sk-ant-oat01-TEST-old"),
      refresh: fingerprintOf("sk-ant-ort01-TEST-old"),
    },
    driver: "cli",
    at: Date.now() - 60_000,
    process: { pid: 26_723, startedAt: "1177af11-96b3-4f85-ba46-b1792c32a980:5180341" },
    issued: ISSUED,
    retried: false,
    wasRetried: false,
    code: null,
    detail: "",
  },
  "logins/default.json": { schema: 1, verdict: null, spent: [], lifeLength: null },
  "staging/default/.credentials.json": JSON.parse(ISSUED) as object,
};
