import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { needs } from "../../support/needs.ts";
import { journal } from "../doctor/an-examination.ts";
import { runHere } from "../run-here.ts";
import { aMachine, treeOf } from "./a-machine.ts";

const SCHEMA = fileURLToPath(new URL("../../../../../docs/storage-schema.md", import.meta.url));

needs("linux").describe("uninstall", () => {
  it("leaves nothing but the login with --purge", async () => {
    const machine = aMachine();
    const before = treeOf(machine.home);
    await runHere(["init"], machine.env);
    const { exit, out } = await runHere(["uninstall", "--purge", "--json"], machine.env);
    expect([exit, JSON.parse(out)]).toEqual([
      0,
      { schema: "pilotlight.uninstall/v1", outcome: "removed", purged: true, left: [] },
    ]);
    expect(treeOf(machine.home)).toEqual(before);
    expect([machine.has("active"), machine.has("linger")]).toEqual([false, false]);
  });

  it("leaves nothing of what the schema of the state directory lists", async () => {
    const machine = aMachine();
    const before = treeOf(machine.home);
    await runHere(["init"], machine.env);
    const table = readFileSync(SCHEMA, "utf8").split("## The state directory")[1] ?? "";
    // A folder, or a file at the top; the tables of fields hold neither.
    const rows = [...table.matchAll(/^\| `([\w-]+\/|[\w-]+\.\w+)/gm)].map(([, name = ""]) => name);
    const entries = [...new Set(rows)];
    expect(entries).toEqual(expect.arrayContaining(["alerts/", "minted/", "builds.json"]));
    for (const entry of entries) {
      const path = join(machine.state, entry);
      if (entry.endsWith("/")) mkdirSync(path, { recursive: true });
      else if (!existsSync(path)) writeFileSync(path, "{}");
    }
    expect((await runHere(["uninstall", "--purge"], machine.env)).exit).toBe(0);
    expect(treeOf(machine.home)).toEqual(before);
  });

  it("leaves history and state without it, and says nothing is installed afterwards", async () => {
    const machine = aMachine();
    await runHere(["init"], machine.env);
    writeFileSync(join(machine.state, "builds.json"), "{}");
    expect((await runHere(["uninstall"], machine.env)).out).toContain(machine.state);
    expect(existsSync(join(machine.state, "builds.json"))).toBe(true);
    expect(existsSync(join(machine.state, "install.json"))).toBe(false);
    const { exit, out } = await runHere(["uninstall"], machine.env);
    expect([exit, out]).toEqual([0, expect.stringContaining("Nothing is installed")]);
  });

  it("leaves lingering that it did not turn on, and files that are not Pilotlight's", async () => {
    const machine = aMachine();
    machine.set("linger");
    await runHere(["init"], machine.env);
    writeFileSync(join(machine.state, "notes"), "mine");
    await runHere(["uninstall", "--purge"], machine.env);
    expect(machine.has("linger")).toBe(true);
    expect(readFileSync(join(machine.state, "notes"), "utf8")).toBe("mine");
  });

  it("leaves a unit that was changed by hand, and says so", async () => {
    const machine = aMachine();
    await runHere(["init"], machine.env);
    writeFileSync(machine.unit, "[Service]\nExecStart=/bin/true\n");
    const { exit, err } = await runHere(["uninstall"], machine.env);
    expect([exit, err]).toEqual([0, expect.stringContaining(machine.unit)]);
    expect(existsSync(machine.unit)).toBe(true);
  });

  it.each(["stop", "disable", "daemon-reload", "disable-linger"])(
    "puts everything back where %s fails",
    async (word) => {
      const machine = aMachine();
      await runHere(["init"], machine.env);
      const before = treeOf(machine.home);
      machine.set("fail", word);
      const { exit } = await runHere(["uninstall", "--purge"], machine.env);
      expect(exit).toBe(78);
      machine.unset("fail");
      expect(treeOf(machine.home)).toEqual(before);
      expect(machine.has("linger")).toBe(true);
      expect(machine.has("active")).toBe(true);
    },
  );

  it("brings a refresh that was left open to its end first", async () => {
    const machine = aMachine();
    const before = treeOf(machine.home);
    await runHere(["init"], machine.env);
    await journal(machine.isolated, { from: { access: null, refresh: null } });
    expect((await runHere(["uninstall", "--purge"], machine.env)).exit).toBe(0);
    expect(treeOf(machine.home)).toEqual(before);
  });

  it("refuses while a refresh is in doubt, and the service goes on", async () => {
    const machine = aMachine();
    await runHere(["init"], machine.env);
    await journal(machine.isolated, { step: "in_doubt", code: "in_doubt" });
    const { exit, err } = await runHere(["uninstall", "--purge"], machine.env);
    expect([exit, err]).toEqual([75, expect.stringContaining("nothing was removed")]);
    expect(existsSync(join(machine.state, "journal", "default.json"))).toBe(true);
    expect([machine.has("active"), existsSync(machine.unit)]).toEqual([true, true]);
  });
});
