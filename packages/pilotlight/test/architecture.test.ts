import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const SRC = fileURLToPath(new URL("../src/", import.meta.url));
const TESTS = fileURLToPath(new URL("./", import.meta.url));

/** Which rooms a room may import from, besides itself. `index` stands for src/index.ts. */
const ROOMS: Readonly<Record<string, readonly string[] | "everything">> = {
  core: [],
  disk: ["core"],
  claude: ["core", "disk"],
  oauth: ["core"],
  stores: ["core", "disk"],
  keeper: ["core"],
  child: ["core"],
  notify: ["core"],
  http: ["core", "keeper"],
  sandbox: ["core", "claude"],
  orchestrator: ["core", "claude"],
  cli: "everything",
  "index.ts": "everything",
  "orchestrator.ts": "everything",
};

/** The files that may open a secret, and why. */
const REVEALERS: Readonly<Record<string, string>> = {
  "claude/credentials-file.ts": "writes the credential down as Claude Code does",
  "claude/signing-in/signed-in-account.ts":
    "reads whose login it is from what stands beside the tokens",
  "claude/staging/projection.ts": "writes the copy without a refresh token for an isolated job",
  "claude/staging/stage.ts": "marks the staged copy as expired",
  "claude/token-credential.ts":
    "makes a credential of a bare token, and the environment in which Claude Code uses it",
  "cli/notify/keep-ping.ts": "asks the monitor that it names",
  "core/login-status.ts": "tells the kind of a token by its prefix",
  "core/secret.ts": "defines it",
  "http/secret-check.ts": "makes the digest that a guess is compared with",
  "notify/channels/ntfy.ts": "finds the topic in its address, and shows its token to that server",
  "notify/channels/smtp.ts": "shows the password to the mail server",
  "notify/channels/webhook.ts": "signs with it",
  "notify/post.ts": "posts to it: the address of a channel is a secret",
  "notify/safe-url.ts": "refuses an address by its scheme and host",
  "oauth/token-endpoint-grant.ts": "sends the refresh token to the token endpoint",
  "stores/token-place.ts": "writes a setup-token into the file that its user named",
};

interface Source {
  readonly name: string;
  readonly text: string;
  /** The files of src that it imports, types and lazy imports too. */
  readonly imports: readonly string[];
  readonly packages: readonly string[];
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => name.split(sep).join("/"))
    .toSorted();
}

function read(name: string): Source {
  const text = readFileSync(join(SRC, name), "utf8");
  const specifiers = [
    ...text.matchAll(/(?:^|\n)\s*(?:import|export)\s(?:[^"';]*?\sfrom\s)?"([^"]+)"/g),
    ...text.matchAll(/\bimport\(\s*"([^"]+)"/g),
  ].map(([, specifier = ""]) => specifier);
  const local = (specifier: string) => specifier.startsWith(".");
  return {
    name,
    text,
    imports: specifiers.filter(local).map((path) =>
      relative(SRC, resolve(SRC, dirname(name), path))
        .split(sep)
        .join("/"),
    ),
    packages: specifiers.filter((specifier) => !local(specifier)),
  };
}

const SOURCES = filesIn(SRC).map(read);
const roomOf = (name: string) => name.split("/")[0] ?? "";
/** Code without its comments: words in a comment do nothing. */
const codeOf = (text: string) => text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");

describe("the floor plan", () => {
  it("is read at all", () => {
    expect(SOURCES.length).toBeGreaterThan(60);
    const all = SOURCES.flatMap(({ imports }) => imports);
    expect(all).toContain("core/credential.ts");
    expect(all).toContain("cli/commands/status.ts");
    expect(SOURCES.flatMap(({ packages }) => packages)).toContain("commander");
  });

  it("has no room that the table does not know", () => {
    const rooms = [...new Set(SOURCES.map(({ name }) => roomOf(name)))];
    expect(rooms.filter((room) => !(room in ROOMS))).toEqual([]);
  });

  it.each(SOURCES)("$name imports only what its room may", ({ name, imports }) => {
    const allowed = ROOMS[roomOf(name)] ?? [];
    if (allowed === "everything") return;
    const rooms = [roomOf(name), ...allowed];
    const outside = imports.filter((path) => !path.startsWith("..")).map(roomOf);
    expect(outside.filter((room) => !rooms.includes(room))).toEqual([]);
  });

  it("imports nothing in a circle", () => {
    const graph = new Map(SOURCES.map(({ name, imports }) => [name, imports]));
    const done = new Set<string>();
    const circles: string[] = [];
    const walk = (name: string, path: readonly string[]): void => {
      if (path.includes(name)) circles.push([...path.slice(path.indexOf(name)), name].join(" → "));
      if (path.includes(name) || done.has(name)) return;
      for (const next of graph.get(name) ?? []) walk(next, [...path, name]);
      done.add(name);
    };
    for (const name of graph.keys()) walk(name, []);
    expect(circles).toEqual([]);
  });

  it("has short files", () => {
    // A table is one thing, however many rows it has.
    const tables = ["core/errors.ts"];
    const long = SOURCES.filter(({ text }) => text.split("\n").length > 300);
    const names = long.map(({ name }) => name);
    expect(names.filter((name) => !tables.includes(name))).toEqual([]);
  });

  it("has no drawer for odds and ends", () => {
    const drawer = /(^|[/-])(utils?|helpers?|common|misc|managers?|impl)([-.]|$)/;
    expect(SOURCES.map(({ name }) => name).filter((name) => drawer.test(name))).toEqual([]);
    const kebab = /^([a-z0-9-]+\/)*[a-z0-9]+(-[a-z0-9]+)*\.ts$/;
    expect(SOURCES.map(({ name }) => name).filter((name) => !kebab.test(name))).toEqual([]);
  });
});

describe("the core", () => {
  const core = SOURCES.filter(({ name }) => roomOf(name) === "core");

  it.each(core)("$name knows no Node, no time, no network and no process", ({ text, packages }) => {
    expect(packages).toEqual([]);
    const effects =
      /\b(Date\.now|new Date\(\)|performance|Math\.random|fetch\(|process\.|setTimeout|setInterval|setImmediate|console\.|globalThis|crypto\.|require\()/;
    expect(codeOf(text)).not.toMatch(effects);
  });
});

describe("a secret", () => {
  it("is opened only in the files that are listed, and in each of them", () => {
    const opening = SOURCES.filter(({ text }) => /\breveal\(/.test(codeOf(text)));
    expect(opening.map(({ name }) => name)).toEqual(Object.keys(REVEALERS));
  });
});

describe("the tests", () => {
  const tests = filesIn(TESTS).map((name) => ({
    name,
    text: readFileSync(join(TESTS, name), "utf8"),
  }));

  it("mock no module", () => {
    const mocks = tests.filter(({ text }) => /\bvi\.(do)?mock\(/i.test(codeOf(text)));
    expect(mocks.map(({ name }) => name)).toEqual([]);
  });

  it("hand no child the environment of whoever runs them", () => {
    const leaky = /env:\s*process\.env\b|\.\.\.process\.env\b/;
    expect(tests.filter(({ text }) => leaky.test(codeOf(text))).map(({ name }) => name)).toEqual(
      [],
    );
  });

  it("invent every token", () => {
    const real = /sk-ant-(oat|ort|api)\d\d-(?!TEST|\$\{|…)[\w-]{8,}/;
    expect(tests.filter(({ text }) => real.test(text)).map(({ name }) => name)).toEqual([]);
  });

  it("run on the Node that the lock file pins", () => {
    expect(process.version).toMatch(/^v24\./);
  });
});
