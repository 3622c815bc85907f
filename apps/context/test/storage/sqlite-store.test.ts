import { statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { SCHEMA_VERSION, SchemaNewer } from "../../src/storage/migrations.ts";
import { sqliteStore } from "../../src/storage/sqlite-store.ts";
import { draft, fact, NOW } from "../support/invented.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { holdsContract } from "./contract.ts";

holdsContract("the SQLite store", () => sqliteStore(join(temporaryFolder(), "context.db")));

const ADA = { id: "ada", name: "Ada", createdAt: NOW };

describe("the SQLite store", () => {
  it("has everything again when it is opened again, for its owner alone", async () => {
    const path = join(temporaryFolder(), "new", "context.db");
    const first = sqliteStore(path);
    await first.putEntity(ADA);
    await first.addMessages("ada", [draft("one", { key: "k" })]);
    const changed = [fact("f1", "a")];
    await first.commit("ada", { revision: 0, readUpTo: 1, summary: "so", changed, at: NOW });
    const before = await first.snapshot("ada", { hot: 5, unread: 5 });
    await first.close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const second = sqliteStore(path);
    expect(await second.snapshot("ada", { hot: 5, unread: 5 })).toEqual(before);
    await second.close();
  });

  it("serves two at once", async () => {
    const path = join(temporaryFolder(), "context.db");
    const [one, other] = [sqliteStore(path), sqliteStore(path)];
    await one.putEntity(ADA);
    await other.addMessages("ada", [draft("one")]);
    await one.addMessages("ada", [draft("two")]);
    expect(
      (await other.messages("ada", { after: null, limit: 5 })).map(({ position }) => position),
    ).toEqual([1, 2]);
    await Promise.all([one.close(), other.close()]);
  });

  it("does not touch what a newer service wrote", () => {
    const path = join(temporaryFolder(), "context.db");
    const database = new DatabaseSync(path);
    database.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    database.close();
    expect(() => sqliteStore(path)).toThrow(SchemaNewer);
  });

  it("says what is in the way where the file is no database", () => {
    expect(() => sqliteStore(temporaryFolder())).toThrow(/unable to open/);
  });
});
