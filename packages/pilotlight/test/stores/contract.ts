import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { credentialsFile } from "../../src/claude/credentials-file.ts";
import { pairOf } from "../../src/core/credential.ts";
import type { CliLocks, CredentialStore, HeldLock } from "../../src/core/ports.ts";
import { memoryLocks, type MemoryLocks } from "../../src/stores/memory-locks.ts";
import { documentOf, fieldsOf, generation, pair } from "./fixtures/credentials.ts";

/** A store under test and a view of its document from outside, as another process has it. */
export interface Bench {
  readonly store: CredentialStore;
  put(text: string | null): Promise<void>;
  text(): Promise<string | null>;
  cleanup(): Promise<void>;
}

const held: HeldLock = { isHeld: () => Promise.resolve(true) };
const lost: HeldLock = { isHeld: () => Promise.resolve(false) };

/** What every credential store promises (core/ports.ts). */
export function describeStore(name: string, open: (locks: CliLocks) => Promise<Bench>): void {
  describe(`${name} keeps the store's contract`, () => {
    let bench: Bench;
    let locks: MemoryLocks;

    beforeEach(async () => {
      locks = memoryLocks();
      bench = await open(locks);
    });
    afterEach(() => bench.cleanup());

    it("reads absent where there is nothing, a login where there is one, and the reason for a torn one", async () => {
      expect(await bench.store.read()).toEqual({ state: "absent" });
      await bench.put(documentOf("a"));
      const entry = await bench.store.read();
      expect(entry.state === "present" && pairOf(entry.credential)).toEqual(pair("a"));
      await bench.put(documentOf("a").slice(0, 60));
      const torn = await bench.store.read();
      expect(torn).toMatchObject({ state: "unreadable", code: "credential_corrupt" });
      expect(JSON.stringify(torn)).not.toContain("TEST");
    });

    it("writes over the expected pair and keeps what is not ours, at both levels", async () => {
      await bench.put(
        JSON.stringify({
          claudeAiOauth: { ...fieldsOf("a"), later: 1 },
          mcpOAuth: { server: { x: 1 } },
          organizationUuid: "o",
        }),
      );
      expect(await bench.store.write(generation("b"), pair("a"), held)).toEqual({
        kind: "written",
      });
      expect(JSON.parse((await bench.text()) ?? "")).toEqual({
        claudeAiOauth: { ...fieldsOf("b"), later: 1 },
        mcpOAuth: { server: { x: 1 } },
        organizationUuid: "o",
      });
    });

    it("keeps a sibling that somebody added after the store was last read", async () => {
      await bench.put(documentOf("a"));
      await bench.store.read();
      await bench.put(documentOf("a", { mcpOAuth: { added: true } }));
      await bench.store.write(generation("b"), pair("a"), held);
      expect(JSON.parse((await bench.text()) ?? "")).toMatchObject({ mcpOAuth: { added: true } });
    });

    it("lets a different pair win and writes nothing", async () => {
      const theirs = documentOf("theirs");
      await bench.put(theirs);
      const result = await bench.store.write(generation("b"), pair("a"), held);
      expect(result.kind === "conflict" && pairOf(result.credential)).toEqual(pair("theirs"));
      expect(await bench.text()).toBe(theirs);
    });

    it.each(["accessToken", "refreshToken"])(
      "compares the pair: another %s alone is a conflict",
      async (key) => {
        const fields = { ...fieldsOf("a"), [key]: fieldsOf("theirs")[key] };
        await bench.put(JSON.stringify({ claudeAiOauth: fields }));
        const result = await bench.store.write(generation("b"), pair("a"), held);
        expect(result.kind).toBe("conflict");
      },
    );

    it("writes over a blanked document, whatever was expected", async () => {
      const blank = { ...fieldsOf("a"), accessToken: "", refreshToken: "", expiresAt: 0 };
      await bench.put(JSON.stringify({ claudeAiOauth: blank, mcpOAuth: { kept: true } }));
      await bench.store.write(generation("b"), pair("a"), held);
      expect(await bench.text()).toBe(documentOf("b", { mcpOAuth: { kept: true } }));
    });

    it.each(["", "{", documentOf("a").slice(0, 60), '{"claudeAiOauth":7}'])(
      "writes over a document that is no sign-in: %j",
      async (text) => {
        await bench.put(text);
        const result = await bench.store.write(generation("b"), pair("a"), held);
        expect(result).toEqual({ kind: "written" });
        expect(await bench.text()).toBe(documentOf("b"));
      },
    );

    it("lets a logout win: an absent entry stays absent", async () => {
      const result = await bench.store.write(generation("b"), pair("a"), held);
      expect(result).toEqual({ kind: "absent" });
      expect(await bench.text()).toBeNull();
    });

    it.each([
      ["a different pair", documentOf("theirs", { mcpOAuth: { kept: true } })],
      [
        "a blanked one",
        JSON.stringify({ claudeAiOauth: { accessToken: "" }, mcpOAuth: { kept: true } }),
      ],
    ])(
      "stores a sign-in, which expects nothing, over %s, and keeps what is beside it",
      async (_, text) => {
        await bench.put(text);
        expect(await bench.store.write(generation("b"), null, held)).toEqual({ kind: "written" });
        expect(JSON.parse((await bench.text()) ?? "")).toMatchObject({
          claudeAiOauth: fieldsOf("b"),
          mcpOAuth: { kept: true },
        });
      },
    );

    it("makes the document for a sign-in where there is none, unless the lock is lost", async () => {
      expect(await bench.store.write(generation("b"), null, lost)).toEqual({ kind: "lock_lost" });
      expect(await bench.text()).toBeNull();
      expect(await bench.store.write(generation("b"), null, held)).toEqual({ kind: "written" });
      expect(await bench.text()).toBe(documentOf("b"));
    });

    it("takes a login out and leaves what is beside it", async () => {
      await bench.put(documentOf("a", { mcpOAuth: { kept: true } }));
      expect(await bench.store.remove(lost)).toEqual({ kind: "lock_lost" });
      expect(await bench.store.remove(held)).toEqual({ kind: "written" });
      expect(await bench.text()).toBe('{"mcpOAuth":{"kept":true}}');
      expect(await bench.store.read()).toEqual({ state: "absent" });
    });

    it("removes the document with a login that was alone in it, or that cannot be understood", async () => {
      expect(await bench.store.remove(held)).toEqual({ kind: "absent" });
      for (const text of [documentOf("a"), "{"]) {
        await bench.put(text);
        expect(await bench.store.remove(held)).toEqual({ kind: "written" });
        // What is mounted elsewhere as a single file cannot go.
        expect([null, "{}"]).toContain(await bench.text());
        expect(await bench.store.read()).toEqual({ state: "absent" });
      }
    });

    it("takes its own result for written when an earlier run got as far as the store", async () => {
      await bench.put(documentOf("b"));
      const result = await bench.store.write(generation("b"), pair("a"), held);
      expect(result).toEqual({ kind: "written" });
      expect(await bench.text()).toBe(documentOf("b"));
    });

    it("writes nothing once the refresh lock is lost", async () => {
      await bench.put(documentOf("a"));
      const result = await bench.store.write(generation("b"), pair("a"), lost);
      expect(result).toEqual({ kind: "lock_lost" });
      expect(await bench.text()).toBe(documentOf("a"));
    });

    it("writes nothing once the write lock is lost", async () => {
      await bench.put(documentOf("a"));
      const losing: HeldLock = {
        isHeld: () => {
          locks.lose();
          return Promise.resolve(true);
        },
      };
      const result = await bench.store.write(generation("b"), pair("a"), losing);
      expect(result).toEqual({ kind: "lock_lost" });
      expect(await bench.text()).toBe(documentOf("a"));
    });

    it("writes nothing when the write lock cannot be had", async () => {
      const busy: CliLocks = {
        withRefreshLocks: () => Promise.resolve({ busy: "taken" }),
        withWriteLock: () => Promise.resolve({ busy: "taken" }),
      };
      const other = await open(busy);
      await other.put(documentOf("a"));
      expect(await other.store.write(generation("b"), pair("a"), held)).toEqual({
        kind: "lock_lost",
      });
      expect(await other.store.withLock(() => Promise.resolve(1))).toEqual({ busy: "taken" });
      expect(await other.text()).toBe(documentOf("a"));
      await other.cleanup();
    });

    it("runs one task at a time under its lock, and gives its value back", async () => {
      const seen: string[] = [];
      const task = (tag: string) => async (lock: HeldLock) => {
        seen.push(`${tag} in`);
        await new Promise((resolve) => setTimeout(resolve, 5));
        seen.push(`${tag} out`);
        return lock.isHeld();
      };
      const results = await Promise.all([
        bench.store.withLock(task("1")),
        bench.store.withLock(task("2")),
      ]);
      expect(results).toEqual([{ done: true }, { done: true }]);
      expect(seen).toEqual(["1 in", "1 out", "2 in", "2 out"]);
    });

    it("proves itself writable without changing anything", async () => {
      await bench.store.proveWritable();
      expect(await bench.text()).toBeNull();
      await bench.put(documentOf("a"));
      await bench.store.proveWritable();
      expect(await bench.text()).toBe(documentOf("a"));
    });

    it("replaces a long document by a short one and back, whole", async () => {
      const long = { mcpOAuth: { blob: "x".repeat(100_000) } };
      await bench.put(documentOf("a", long));
      await bench.store.write(generation("b"), pair("a"), held);
      expect(await bench.text()).toBe(documentOf("b", long));
      await bench.put(documentOf("b"));
      await bench.store.write(generation("c-a-longer-tag-than-before"), pair("b"), held);
      expect(await bench.text()).toBe(documentOf("c-a-longer-tag-than-before"));
    });
  });
}

export { credentialsFile as format };
