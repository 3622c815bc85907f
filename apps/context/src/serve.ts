import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { createAdaptorServer } from "@hono/node-server";
import { type Claude, createClaude, PilotlightError } from "pilotlight/orchestrator";
import { contextApp, type LogLine } from "./http/app.ts";
import { claudeReader } from "./model/claude-reader.ts";
import { contextDesk } from "./service/context-desk.ts";
import type { Environment } from "./service/credential-health.ts";
import { healthOf } from "./service/health.ts";
import { progressBoard } from "./service/progress-board.ts";
import type { Settings } from "./settings.ts";
import { sqliteStore } from "./storage/sqlite-store.ts";

/** A service that runs. */
export interface Service {
  readonly url: string;
  readonly claude: Claude;
  /** Takes no more, lets what runs come to its end, then closes everything. */
  stop(graceMs?: number): Promise<void>;
}

const MOST_WATCHERS = 64;

/** What a service stands in. */
export interface Surroundings {
  /** Where credentials are looked for; it is passed on to Claude Code. */
  readonly env: Environment;
  readonly log: (line: LogLine) => void;
}

/** Starts the service. @throws PilotlightError where the settings or the credential cannot work, or the system's error for a port or file */
export async function serveContext(
  settings: Settings,
  { env, log }: Surroundings,
): Promise<Service> {
  const claude = claudeFor(settings, env);
  const store = sqliteStore(resolve(settings.database));
  const board = progressBoard(MOST_WATCHERS);
  const now = Date.now;
  const newId = () => `f-${randomUUID().slice(0, 18)}`;
  const reader = claudeReader(claude, settings);
  const { room, questions, capacity, auth, hosts, token } = settings;
  const desk = contextDesk({ store, reader, room, questions, now, newId }, board, capacity);
  const ending = new AbortController();
  const health = () => healthOf({ claude, auth, env, store, desk });
  const parts = { store, desk, board, health, metrics: () => claude.metrics(), now, log };
  const app = contextApp({ ...parts, hosts, token, ending: ending.signal });
  // All of a request has to be there in this time (ms); an answer may take longer.
  const server = createAdaptorServer({
    fetch: app.fetch,
    serverOptions: { requestTimeout: 30_000 },
  });
  server.listen(settings.port, settings.host);
  try {
    await once(server, "listening");
  } catch (error) {
    await store.close();
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${settings.host}:${port}`,
    claude,
    async stop(graceMs = 10_000) {
      const closed = new Promise((resolve) => server.close(resolve));
      ending.abort();
      await desk.close(graceMs);
      if ("closeIdleConnections" in server) server.closeIdleConnections();
      await closed;
      await store.close();
    },
  };
}

/** @throws PilotlightError `no_api_key`, `config_invalid` … before anything is served */
function claudeFor(
  { auth, backend, model, concurrency, workDir }: Settings,
  env: Environment,
): Claude {
  mkdirSync(workDir, { recursive: true, mode: 0o700 });
  const claude = createClaude({
    auth,
    env,
    concurrency,
    cwd: resolve(workDir),
    ...(backend !== null && { backend }),
    ...(model !== null && { model }),
  });
  const plan = claude.plan();
  if (plan.backend === "api" && model === null) {
    throw new PilotlightError(
      "config_invalid",
      "the API has no model of its own choice: set CONTEXT_MODEL",
    );
  }
  return claude;
}
