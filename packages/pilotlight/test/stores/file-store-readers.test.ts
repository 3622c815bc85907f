import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import type { HeldLock } from "../../src/core/ports.ts";
import { fileStore } from "../../src/stores/file-store.ts";
import { memoryLocks } from "../../src/stores/memory-locks.ts";
import { format } from "./contract.ts";
import { documentOf, generation, pair } from "./fixtures/credentials.ts";

const READER = fileURLToPath(new URL("fixtures/read-until-told.ts", import.meta.url));
const held: HeldLock = { isHeld: () => Promise.resolve(true) };

interface Seen {
  readonly whole: number;
  readonly torn: number;
  readonly absent: number;
}

async function startReader(how: "store" | "raw", path: string): Promise<() => Promise<Seen>> {
  const child = spawn(process.execPath, [READER, how, path], {
    env: { PATH: process.env["PATH"] ?? "" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const output = text(child.stdout);
  await once(child.stdout, "data");
  return async () => {
    child.stdin.end();
    return JSON.parse((await output).split("\n")[1] ?? "") as Seen;
  };
}

// Old and new documents of different lengths, with siblings of more than a page.
it.each([
  ["rename", "raw", 500],
  ["in-place", "store", 300],
] as const)(
  "shows readers the old or the new document, never a torn one (%s, %s readers, %i writes)",
  async (mode, how, writes) => {
    const root = await mkdtemp(join(tmpdir(), "pilotlight-test-"));
    const path = join(root, ".credentials.json");
    await writeFile(path, documentOf("0", { mcpOAuth: { blob: "x".repeat(9_000) } }));
    const stops = await Promise.all([startReader(how, path), startReader(how, path)]);
    const store = fileStore({ path, format, locks: memoryLocks(), mode });
    let tag = "0";
    for (let i = 1; i <= writes; i += 1) {
      const next = `${i}-${"x".repeat((i * 37) % 200)}`;
      expect(await store.write(generation(next), pair(tag), held)).toEqual({ kind: "written" });
      tag = next;
    }
    for (const stop of stops) {
      const seen = await stop();
      expect(seen).toMatchObject({ torn: 0, absent: 0 });
      expect(seen.whole).toBeGreaterThan(writes / 10);
    }
    expect(await readdir(root)).toEqual([".credentials.json"]);
    await rm(root, { recursive: true, force: true });
  },
  60_000,
);
