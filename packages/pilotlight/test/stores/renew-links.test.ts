import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { durableFiles } from "../../src/stores/durable-files.ts";
import { fileRenewLinks, type RenewLinks } from "../../src/stores/renew-links.ts";

const END = Date.UTC(2026, 11, 20);

function links(): { readonly all: RenewLinks; readonly directory: string } {
  const directory = mkdtempSync(join(tmpdir(), "pilotlight-test-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return { all: fileRenewLinks(directory, durableFiles()), directory };
}

describe("the link to renew a login", () => {
  it("stays the same, also over a restart, until it is used", async () => {
    const { all, directory } = links();
    const id = await all.idOf("bot", END);
    expect(id).toMatch(/^[\w-]{22}$/);
    const later = fileRenewLinks(directory, durableFiles());
    expect(await later.idOf("bot", END)).toBe(id);
    expect(await later.isCurrent("bot", id, END)).toBe(true);
    await later.end("bot");
    expect(await all.isCurrent("bot", id, END)).toBe(false);
    expect(await all.idOf("bot", END)).not.toBe(id);
  });

  it("is superseded by a sign-in, however it was done", async () => {
    const { all } = links();
    const id = await all.idOf("bot", END);
    expect(await all.isCurrent("bot", id, END + 1)).toBe(false);
    expect(await all.idOf("bot", END + 1)).not.toBe(id);
  });

  it("lives on while nobody knows when the login ends, and no longer than that", async () => {
    const { all } = links();
    const id = await all.idOf("bot", END);
    expect(await all.isCurrent("bot", id, null)).toBe(true);
    expect(await all.idOf("bot", null)).toBe(id);
    const other = await all.idOf("other", null);
    expect(await all.isCurrent("other", other, null)).toBe(true);
    expect(await all.isCurrent("other", other, END)).toBe(false);
  });

  it("is that of one login, and no guess", async () => {
    const { all } = links();
    const id = await all.idOf("bot", END);
    expect(await all.isCurrent("other", id, END)).toBe(false);
    for (const guess of ["", "null", id.slice(1), `${id}x`]) {
      expect(await all.isCurrent("bot", guess, END)).toBe(false);
    }
  });

  it("is its owner's alone, and nothing where its file is spoilt", async () => {
    const { all, directory } = links();
    const id = await all.idOf("bot", END);
    const [name = ""] = readdirSync(join(directory, "renew"));
    const path = join(directory, "renew", name);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    writeFileSync(path, "no state");
    expect(await all.isCurrent("bot", id, END)).toBe(false);
    expect(await all.idOf("bot", END)).not.toBe(id);
    writeFileSync(path, '{"schema":99}');
    await expect(all.idOf("bot", END)).rejects.toMatchObject({ code: "state_newer" });
  });
});
