import { describe, expect, it, onTestFinished } from "vitest";
import { type ContextStore, KeyTaken } from "../../src/storage/context-store.ts";
import { draft, fact, NOW } from "../support/invented.ts";

const ADA = { id: "ada", name: "Ada", createdAt: NOW };
const ALL = { after: null, limit: 100 };
const LIMITS = { hot: 2, unread: 3 };

/** What every store must do; the next one is added by one call. */
export function holdsContract(name: string, open: () => ContextStore): void {
  const opened = async () => {
    const store = open();
    onTestFinished(() => store.close());
    await store.putEntity(ADA);
    return store;
  };

  describe(`${name} keeps entities`, () => {
    it("makes one once, and gives it another name", async () => {
      const store = await opened();
      const again = { ...ADA, name: "Ada L.", createdAt: NOW + 1 };
      const named = { ...ADA, name: "Ada L." };
      expect(await store.putEntity(again)).toEqual({ entity: named, isNew: false });
      expect((await store.entity("ada"))?.entity).toEqual(named);
      expect(await store.entity("bob")).toBeNull();
    });

    it("lists them by id, page by page", async () => {
      const store = await opened();
      for (const id of ["c", "b"]) await store.putEntity({ ...ADA, id });
      expect((await store.entities({ after: null, limit: 2 })).map(({ id }) => id)).toEqual([
        "ada",
        "b",
      ]);
      expect((await store.entities({ after: "b", limit: 2 })).map(({ id }) => id)).toEqual(["c"]);
    });

    it("removes one with all that is known of it", async () => {
      const store = await opened();
      await store.addMessages("ada", [draft("one", { key: "k" })]);
      expect(await store.removeEntity("ada")).toBe(true);
      expect(await store.removeEntity("ada")).toBe(false);
      await store.putEntity(ADA);
      expect(await store.messages("ada", ALL)).toEqual([]);
      expect((await store.entity("ada"))?.progress.messageCount).toBe(0);
    });
  });

  describe(`${name} keeps messages`, () => {
    it("numbers them as they arrive", async () => {
      const store = await opened();
      const added = await store.addMessages("ada", [draft("one"), draft("two", { author: "Bob" })]);
      expect(added?.map(({ isNew, message }) => [isNew, message.position])).toEqual([
        [true, 1],
        [true, 2],
      ]);
      const messages = await store.messages("ada", ALL);
      expect(messages).toEqual(added?.map(({ message }) => message));
      expect(messages[1]).toMatchObject({ text: "two", author: "Bob", key: null, sentAt: NOW });
      expect(await store.messages("ada", { after: 1, limit: 5 })).toEqual(messages.slice(1));
    });

    it("gives no two messages of any entity one id", async () => {
      const store = await opened();
      await store.putEntity({ ...ADA, id: "bob" });
      await store.addMessages("ada", [draft("one")]);
      await store.addMessages("bob", [draft("one")]);
      const ids = [...(await store.messages("ada", ALL)), ...(await store.messages("bob", ALL))];
      expect(new Set(ids.map(({ id }) => id)).size).toBe(2);
    });

    it("stores a key once, within a request too", async () => {
      const store = await opened();
      const one = draft("one", { key: "k" });
      const first = await store.addMessages("ada", [one, one]);
      expect(first?.map(({ isNew }) => isNew)).toEqual([true, false]);
      const again = await store.addMessages("ada", [{ ...one, sentAt: NOW + 5 }, draft("two")]);
      expect(again?.map(({ isNew, message }) => [isNew, message.position])).toEqual([
        [false, 1],
        [true, 2],
      ]);
      expect((await store.entity("ada"))?.progress.messageCount).toBe(2);
    });

    it("stores nothing of a request with a key that stands for other words", async () => {
      const store = await opened();
      await store.addMessages("ada", [draft("one", { key: "k" })]);
      const other = store.addMessages("ada", [
        draft("two", { key: "l" }),
        draft("three", { key: "k" }),
      ]);
      await expect(other).rejects.toThrow(KeyTaken);
      expect(await store.messages("ada", ALL)).toHaveLength(1);
      expect(await store.addMessages("ada", [draft("two", { key: "l" })])).toMatchObject([
        { isNew: true },
      ]);
    });

    it("knows a key within its entity only", async () => {
      const store = await opened();
      await store.putEntity({ ...ADA, id: "bob" });
      await store.addMessages("ada", [draft("one", { key: "k" })]);
      expect(await store.addMessages("bob", [draft("two", { key: "k" })])).toMatchObject([
        { isNew: true },
      ]);
    });

    it("takes none for an entity that is not there", async () => {
      const store = await opened();
      expect(await store.addMessages("bob", [draft("one")])).toBeNull();
      expect(await store.snapshot("bob", LIMITS)).toBeNull();
    });
  });

  describe(`${name} keeps what was read`, () => {
    it("shows the newest by sending, and the next to be read by arrival", async () => {
      const store = await opened();
      const times = [5, 1, 4, 2, 3].map((more) => NOW + more);
      await store.addMessages(
        "ada",
        times.map((sentAt, at) => draft(`${at}`, { sentAt })),
      );
      const snapshot = await store.snapshot("ada", LIMITS);
      expect(snapshot?.hot.map(({ text }) => text)).toEqual(["2", "0"]);
      expect(snapshot?.unread.map(({ text }) => text)).toEqual(["0", "1", "2"]);
    });

    it("stores a reading as one, and forgets the failure before it", async () => {
      const store = await opened();
      await store.addMessages("ada", [draft("one"), draft("two")]);
      await store.noteFailure("ada", { code: "login_ended", at: NOW });
      expect((await store.entity("ada"))?.progress.failure).toEqual({
        code: "login_ended",
        at: NOW,
      });
      const changed = [fact("f1", "a"), fact("f2", "b", { updatedAt: NOW + 1 })];
      const read = { revision: 0, readUpTo: 1, summary: "so", changed, at: NOW + 2 };
      expect(await store.commit("ada", read)).toBe(true);
      const snapshot = await store.snapshot("ada", LIMITS);
      expect(snapshot?.facts.map(({ id }) => id)).toEqual(["f2", "f1"]);
      expect(snapshot?.facts[1]).toEqual(changed[0]);
      expect(snapshot?.unread.map(({ text }) => text)).toEqual(["two"]);
      expect(snapshot?.progress).toEqual({
        messageCount: 2,
        readUpTo: 1,
        revision: 1,
        summary: "so",
        readAt: NOW + 2,
        failure: null,
      });
    });

    it("stores nothing of a reading that was made from other facts", async () => {
      const store = await opened();
      const read = { revision: 0, readUpTo: 0, summary: null, changed: [fact("f1", "a")], at: NOW };
      expect(await store.commit("ada", read)).toBe(true);
      expect(await store.commit("ada", { ...read, changed: [fact("f2", "b")] })).toBe(false);
      expect((await store.facts("ada", { withdrawn: true })).map(({ id }) => id)).toEqual(["f1"]);
    });

    it("changes a fact in its place, and shows a withdrawn one only when asked", async () => {
      const store = await opened();
      const read = { revision: 0, readUpTo: 0, summary: null, changed: [fact("f1", "a")], at: NOW };
      await store.commit("ada", read);
      const gone = fact("f1", "a", { withdrawn: { at: NOW + 1, reason: "moved" } });
      await store.commit("ada", { ...read, revision: 1, changed: [gone] });
      expect(await store.facts("ada", { withdrawn: false })).toEqual([]);
      expect(await store.facts("ada", { withdrawn: true })).toEqual([gone]);
      expect((await store.snapshot("ada", LIMITS))?.facts).toEqual([]);
    });

    it("withdraws by hand once, and lets no reading go over it", async () => {
      const store = await opened();
      const read = { revision: 0, readUpTo: 0, summary: null, changed: [fact("f1", "a")], at: NOW };
      await store.commit("ada", read);
      const by = { at: NOW + 1, reason: "by hand" };
      expect(await store.withdraw("ada", "f1", by)).toEqual(fact("f1", "a", { withdrawn: by }));
      expect(await store.withdraw("ada", "f1", by)).toBeNull();
      expect(await store.withdraw("bob", "f1", by)).toBeNull();
      expect(await store.commit("ada", { ...read, revision: 1 })).toBe(false);
    });

    it("can be probed, and probing changes nothing", async () => {
      const store = await opened();
      const before = await store.entity("ada");
      await store.probe();
      expect(await store.entity("ada")).toEqual(before);
    });
  });
}
