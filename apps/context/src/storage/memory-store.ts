import type { Fact } from "../core/fact.ts";
import { type Entity, isSameMessage, type Message, type MessageDraft } from "../core/message.ts";
import type { Progress } from "../core/snapshot.ts";
import { type Added, type ContextStore, KeyTaken } from "./context-store.ts";

interface Kept {
  entity: Entity;
  progress: Progress;
  readonly messages: Message[];
  readonly byKey: Map<string, Message>;
  readonly facts: Map<string, Fact>;
}

const UNREAD: Progress = {
  messageCount: 0,
  readUpTo: 0,
  revision: 0,
  summary: null,
  readAt: null,
  failure: null,
};

/** Keeps everything in this process, for tests and trials; what is durable in the contract ends with it. */
export function memoryStore(): ContextStore {
  const kept = new Map<string, Kept>();
  let lastMessage = 0;
  const newId = () => `m${(lastMessage += 1)}`;
  return {
    async putEntity({ id, name, createdAt }) {
      const known = kept.get(id);
      const entity = { id, name, createdAt: known?.entity.createdAt ?? createdAt };
      if (known !== undefined) known.entity = entity;
      else kept.set(id, begin(entity));
      return { entity, isNew: known === undefined };
    },
    async entity(id) {
      const one = kept.get(id);
      return one === undefined ? null : { entity: one.entity, progress: one.progress };
    },
    async entities({ after, limit }) {
      const ids = [...kept.keys()].filter((id) => after === null || id > after).toSorted();
      return ids.slice(0, limit).flatMap((id) => kept.get(id)?.entity ?? []);
    },
    removeEntity: async (id) => kept.delete(id),
    async addMessages(entityId, drafts) {
      const one = kept.get(entityId);
      return one === undefined ? null : addTo(one, drafts, newId);
    },
    async messages(entityId, { after, limit }) {
      return kept.get(entityId)?.messages.slice(after ?? 0, (after ?? 0) + limit) ?? [];
    },
    async facts(entityId, { withdrawn }) {
      const facts = [...(kept.get(entityId)?.facts.values() ?? [])];
      return byNewest(facts.filter((fact) => withdrawn || fact.withdrawn === null));
    },
    async snapshot(entityId, limits) {
      const one = kept.get(entityId);
      if (one === undefined) return null;
      const { entity, progress, messages } = one;
      const bySending = messages.toSorted((a, b) => a.sentAt - b.sentAt || a.position - b.position);
      return {
        entity,
        progress,
        hot: bySending.slice(Math.max(0, bySending.length - limits.hot)),
        unread: messages.slice(progress.readUpTo, progress.readUpTo + limits.unread),
        facts: byNewest([...one.facts.values()].filter((fact) => fact.withdrawn === null)),
      };
    },
    async commit(entityId, { revision, readUpTo, summary, changed, at }) {
      const one = kept.get(entityId);
      if (one === undefined || one.progress.revision !== revision) return false;
      for (const fact of changed) one.facts.set(fact.id, fact);
      const next = { readUpTo, summary, readAt: at, failure: null };
      one.progress = { ...one.progress, ...next, revision: revision + 1 };
      return true;
    },
    async withdraw(entityId, factId, withdrawn) {
      const one = kept.get(entityId);
      const fact = one?.facts.get(factId);
      if (one === undefined || fact === undefined || fact.withdrawn !== null) return null;
      const gone = { ...fact, withdrawn };
      one.facts.set(factId, gone);
      one.progress = { ...one.progress, revision: one.progress.revision + 1 };
      return gone;
    },
    async noteFailure(entityId, failure) {
      const one = kept.get(entityId);
      if (one !== undefined) one.progress = { ...one.progress, failure };
    },
    probe: async () => undefined,
    close: async () => undefined,
  };
}

function begin(entity: Entity): Kept {
  return { entity, progress: UNREAD, messages: [], byKey: new Map(), facts: new Map() };
}

function addTo(one: Kept, drafts: readonly MessageDraft[], newId: () => string): Added[] {
  const byKey = new Map(one.byKey);
  let position = one.messages.length;
  const added = drafts.map((draft) => {
    const known = draft.key === null ? undefined : byKey.get(draft.key);
    if (known !== undefined) {
      if (!isSameMessage(known, draft)) throw new KeyTaken(draft.key ?? "");
      return { message: known, isNew: false };
    }
    const message = { ...draft, id: newId(), position: (position += 1) };
    if (draft.key !== null) byKey.set(draft.key, message);
    return { message, isNew: true };
  });
  for (const { message, isNew } of added) {
    if (!isNew) continue;
    one.messages.push(message);
    if (message.key !== null) one.byKey.set(message.key, message);
  }
  one.progress = { ...one.progress, messageCount: one.messages.length };
  return added;
}

function byNewest(facts: readonly Fact[]): readonly Fact[] {
  return facts.toSorted((a, b) => b.updatedAt - a.updatedAt || (a.id < b.id ? -1 : 1));
}
