import { credentialsFile } from "../../../src/claude/credentials-file.ts";
import { isBlanked } from "../../../src/core/credential.ts";

type Fields = Record<string, unknown>;

/** Says what a write of ours took from the store, or that it left no usable login; `null` when all is well. */
export function whatWasDamaged(before: string | null, after: string | null): string | null {
  if (after === null) return "the document is gone";
  const entry = credentialsFile.parse(after);
  if (entry.state !== "present") return `the store is ${entry.state}`;
  if (isBlanked(entry.credential) || entry.credential.refreshToken === null) return "it is blanked";
  const old = parse(before);
  if (old === null) return null;
  const fresh = parse(after) ?? {};
  return lossIn(old, fresh) ?? lossIn(loginIn(old), loginIn(fresh));
}

const OURS = new Set([
  "claudeAiOauth",
  "accessToken",
  "refreshToken",
  "expiresAt",
  "refreshTokenExpiresAt",
]);

function lossIn(before: Fields, after: Fields): string | null {
  for (const [key, value] of Object.entries(before)) {
    if (OURS.has(key)) continue;
    if (JSON.stringify(after[key]) !== JSON.stringify(value)) return `"${key}" was not kept`;
  }
  return null;
}

function loginIn(document: Fields): Fields {
  return (document["claudeAiOauth"] ?? {}) as Fields;
}

/** A torn document has nothing to lose. */
function parse(text: string | null): Fields | null {
  try {
    return text === null ? null : (JSON.parse(text) as Fields);
  } catch {
    return null;
  }
}
