import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const SRC = fileURLToPath(new URL("../src/", import.meta.url));

/** Which rooms a room may import from, besides itself; "" is the files that put everything together. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  storage: ["core"],
  model: ["core"],
  service: ["core", "storage"],
  http: ["core", "storage", "service"],
  "": ["core", "storage", "model", "service", "http"],
};

const SOURCES = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => {
    const text = readFileSync(join(SRC, name), "utf8");
    const imports = [...text.matchAll(/(?:^|\n)(?:import|export)[^"';]*?from "([^"]+)"/g)].map(
      ([, specifier = ""]) => specifier,
    );
    return { name: name.split(sep).join("/"), text, imports };
  });

function roomOf(path: string): string {
  return path.includes("/") ? (path.split("/")[0] ?? "") : "";
}

describe("the floor plan", () => {
  it.each(SOURCES)("$name imports only what its room may", ({ name, imports }) => {
    const rooms = imports
      .filter((path) => path.startsWith("."))
      .map((path) =>
        roomOf(
          relative(SRC, resolve(SRC, dirname(name), path))
            .split(sep)
            .join("/"),
        ),
      );
    const allowed = [roomOf(name), ...(ROOMS[roomOf(name)] ?? [])];
    expect(rooms.filter((room) => !allowed.includes(room))).toEqual([]);
  });

  it("stands on the public API of the package alone, and on its sandbox nowhere", () => {
    const all = SOURCES.flatMap(({ imports }) => imports);
    const own = all.filter((path) => path.includes("pilotlight"));
    expect([...new Set(own)].toSorted()).toEqual(["pilotlight", "pilotlight/orchestrator"]);
    expect(all.filter((path) => path.includes("packages/"))).toEqual([]);
  });

  it("has a core without time, chance, processes or packages", () => {
    const core = SOURCES.filter(({ name }) => name.startsWith("core/"));
    const effects =
      /\b(Date\.now|new Date\(\)|performance|Math\.random|fetch\(|process\.|crypto\.)/;
    expect(core.filter(({ text }) => effects.test(text)).map(({ name }) => name)).toEqual([]);
    expect(core.flatMap(({ imports }) => imports.filter((path) => !path.startsWith(".")))).toEqual(
      [],
    );
  });

  it("has short files", () => {
    const long = SOURCES.filter(({ text }) => text.split("\n").length > 250);
    expect(long.map(({ name }) => name)).toEqual([]);
  });
});
