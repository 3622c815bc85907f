import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { TRAITS } from "pilotlight/orchestrator";
import { context, contextProblem, health } from "../src/http/schemas.ts";
import { openFace } from "./support/face.ts";

const APP = fileURLToPath(new URL("../", import.meta.url));
const read = (file: string) => readFileSync(join(APP, file), "utf8");
const README = read("README.md");
const RUNBOOK = read("RUNBOOK.md");

describe("the README", () => {
  it("shows what the service really answers", () => {
    const shown = [...README.matchAll(/^```json\n(.*?)^```/gms)].map(
      ([, text = ""]) => JSON.parse(text) as unknown,
    );
    expect(shown).toHaveLength(3);
    context.strict().parse(shown[0]);
    contextProblem.strict().parse(shown[1]);
    health.strict().parse(shown[2]);
  });

  it("tells every request", async () => {
    const { app } = openFace();
    const { paths } = (await (await app.request("http://localhost/openapi.json")).json()) as {
      paths: object;
    };
    const ends = Object.keys(paths).map((path) =>
      path.replace("/api/v1/entities/{entityId}/", "…/"),
    );
    const missing = ends.filter((path) => !README.includes(`${path}\``));
    expect(missing).toEqual([]);
  });

  it.each(["README.md", "RUNBOOK.md"])("%s names files that are there", (file) => {
    const files = [...read(file).matchAll(/\]\(([^)#:]+)/g)].map(([, path = ""]) => path);
    expect(files.filter((path) => !existsSync(join(dirname(join(APP, file)), path)))).toEqual([]);
  });
});

describe("the runbook", () => {
  it("knows codes that there are", () => {
    const own = /queue_full|crowded|storage_unavailable|login_ends_soon/;
    const said = [...RUNBOOK.matchAll(/(?:503|warns|,) `([a-z]+_[a-z_]+)`/g)].map(
      ([, code = ""]) => code,
    );
    expect(said.length).toBeGreaterThan(12);
    expect(said.filter((code) => !(code in TRAITS) && !own.test(code))).toEqual([]);
  });
});

interface Compose {
  readonly services: Record<string, Record<string, unknown>>;
}

describe("the files for Docker", () => {
  const production = parse(read("compose.yaml")) as Compose;
  const own = parse(read("compose.subscription.yaml")) as Compose;

  it("ask by a key unless told otherwise, on loopback, behind a token", () => {
    expect(production.services["context"]).toMatchObject({
      environment: {
        CONTEXT_AUTH: "${CONTEXT_AUTH:-api-key}",
        CONTEXT_TOKEN: "${CONTEXT_TOKEN:?set it in .env}",
      },
      ports: ["127.0.0.1:8080:8080"],
      stop_grace_period: "200s",
    });
  });

  it("mount the login as one file, read-only, under another name, with keep beside it that writes in place", () => {
    expect(own.services["context"]).toMatchObject({
      environment: { CLAUDE_CREDENTIALS_PATH: "/run/claude/credentials.json" },
      volumes: [
        {
          source: "${HOME}/.claude/.credentials.json",
          target: "/run/claude/credentials.json",
          read_only: true,
        },
      ],
    });
    expect(own.services["keep"]).toMatchObject({
      command: ["pilotlight", "keep", "--listen", "127.0.0.1:7450"],
      environment: { PILOTLIGHT_WRITE: "in-place" },
    });
  });

  it("check their health by pilotlight check, everywhere", () => {
    const check = ["CMD-SHELL", "pilotlight check; test $$? -lt 2"];
    const all = [...Object.values(production.services), own.services["keep"]];
    for (const service of all) expect(service).toMatchObject({ healthcheck: { test: check } });
    expect(read("Dockerfile")).toContain("CMD pilotlight check; test $? -lt 2");
  });
});
