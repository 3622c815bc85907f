import type { Fact } from "../../src/core/fact.ts";
import type { MessageDraft } from "../../src/core/message.ts";
import type { Reading } from "../../src/core/reading.ts";

/** A moment that nothing here depends on; epoch ms. */
export const NOW = Date.UTC(2026, 10, 21, 8);

export function draft(text: string, more: Partial<MessageDraft> = {}): MessageDraft {
  return { key: null, author: null, text, sentAt: NOW, ...more };
}

export function fact(id: string, text: string, more: Partial<Fact> = {}): Fact {
  const times = { createdAt: NOW, updatedAt: NOW };
  return {
    id,
    text,
    confidence: 0.5,
    sourceMessageIds: ["m1"],
    ...times,
    withdrawn: null,
    ...more,
  };
}

export function stated(text: string, ...sourceMessageIds: string[]) {
  return { text, confidence: 0.8, sourceMessageIds };
}

export function reading(more: Partial<Reading> = {}): Reading {
  return { summary: "All is well.", added: [], updated: [], withdrawn: [], ...more };
}
