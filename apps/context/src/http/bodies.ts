import type { Fact } from "../core/fact.ts";
import type { Entity, Message } from "../core/message.ts";
import type { LastKnown, TroubleFacts } from "../core/trouble.ts";
import type { Context } from "../service/context.ts";

/** ISO 8601, as every time in an answer. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

export function entityBodyOf({ id, name, createdAt }: Entity) {
  return { entityId: id, name, createdAt: isoTime(createdAt) };
}

export function messageBodyOf({ id, position, key, author, text, sentAt }: Message) {
  return { messageId: id, position, key, author, text, sentAt: isoTime(sentAt) };
}

export function factBodyOf({ withdrawn, createdAt, ...fact }: Fact) {
  return {
    ...toldOf({ withdrawn, createdAt, ...fact }),
    createdAt: isoTime(createdAt),
    withdrawn: withdrawn && { at: isoTime(withdrawn.at), reason: withdrawn.reason },
  };
}

export function contextBodyOf({ facts, generatedAt, ...context }: Context) {
  const { entityId, entityName, summary, sources, extraction, credential, usage } = context;
  return {
    entityId,
    entityName,
    summary,
    facts: facts.map(toldOf),
    sources,
    extraction,
    stale: false as const,
    generatedAt: isoTime(generatedAt),
    credential,
    usage,
  };
}

function toldOf({ id, text, confidence, sourceMessageIds, updatedAt }: Fact) {
  return {
    factId: id,
    text,
    confidence,
    sourceMessageIds: [...sourceMessageIds],
    updatedAt: isoTime(updatedAt),
  };
}

/** Whole seconds since then. */
export function ageOf(at: number | null, now: number): number | null {
  return at === null ? null : Math.max(0, Math.floor((now - at) / 1000));
}

/** An error as RFC 9457 has it. */
export function problemBodyOf(facts: TroubleFacts, now: number) {
  const { code, status, title, detail, retryable, retryAfter, action, requestId } = facts;
  return {
    type: `urn:pilotlight:context:${code}`,
    title,
    status,
    detail,
    code,
    retryable,
    ...(retryAfter !== undefined && { retryAfterSeconds: retryAfter }),
    ...(action !== undefined && { action }),
    ...(requestId !== undefined && { requestId }),
    ...(facts.lastKnown !== undefined && knownBodyOf(facts.lastKnown, now)),
  };
}

/** Facts that were never looked for are `null`: an empty list would say that there are none. */
function knownBodyOf({ entity, summary, facts, readAt }: LastKnown, now: number) {
  return {
    entityId: entity.id,
    entityName: entity.name,
    stale: true as const,
    summary,
    facts: readAt === null ? null : facts.map(factBodyOf),
    factsAsOf: readAt === null ? null : isoTime(readAt),
    factsAgeSeconds: ageOf(readAt, now),
  };
}
