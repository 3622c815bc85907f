import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { createAdaptorServer } from "@hono/node-server";
import { type Claude, createClaude, PilotlightError } from "pilotlight/orchestrator";
import { type App, contextApp, type LogLine } from "./http/app.ts";
import { claudeReader } from "./model/claude-reader.ts";
import { contextDesk } from "./service/context-desk.ts";
import type { Environment } from "./service/credential-health.ts";
import { healthOf } from "./service/health.ts";
import { progressBoard } from "./service/progress-board.ts";
import type { Settings } from "./settings.ts";
import type { ContextStore } from "./storage/context-store.ts";
import { sqliteStore } from "./storage/sqlite-store.ts";

/** A service that runs. */
export interface Service {
  readonly url: string;
  readonly claude: Claude;
  /** Takes no more, lets what runs come to its end, then closes everything. */
  stop(graceMs?: number): Promise<void>;
}

const MOST_WATCHERS = 64;
const MOST_REQUESTS = 64;

/** What a service stands in. */
export interface Surroundings {
  /** Where credentials are looked for; it is passed on to Claude Code. */
  readonly env: Environment;
  readonly log: (line: LogLine) => void;
}

/** Starts the service. @throws PilotlightError where the settings or the credential cannot work, or a port or file cannot be used */
export async function serveContext(
  settings: Settings,
  { env, log }: Surroundings,
): Promise<Service> {
  const claude = claudeFor(settings, env);
  const store = storeFor(settings);
  const board = progressBoard(MOST_WATCHERS);
  const now = Date.now;
  const newId = () => `f-${randomUUID().slice(0, 18)}`;
  const reader = claudeReader(claude, settings);
  const { room, questions, capacity, auth, hosts, token } = settings;
  const desk = contextDesk({ store, reader, room, questions, now, newId }, board, capacity);
  const ending = new AbortController();
  const health = () => healthOf({ claude, auth, env, store, desk });
  const parts = { store, desk, board, health, metrics: () => claude.metrics(), now, log };
  const rest = { hosts, token, mostRequests: MOST_REQUESTS, ending: ending.signal };
  const app = contextApp({ ...parts, ...rest });
  const server = await listening(app, settings).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  return {
    url: server.url,
    claude,
    async stop(graceMs = 10_000) {
      const closed = server.close();
      ending.abort();
      await desk.close(graceMs);
      await closed;
      await store.close();
    },
  };
}

/** @throws PilotlightError `config_invalid` where nobody can listen there */
async function listening(app: App, { host, port }: Settings) {
  // All of a request has to be there in this time (ms); an answer may take longer.
  const limits = { requestTimeout: 30_000 };
  const server = createAdaptorServer({ fetch: app.fetch, serverOptions: limits }) as Server;
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    const why = `CONTEXT_HOST and CONTEXT_PORT: ${(error as Error).message}`;
    throw new PilotlightError("config_invalid", why, { cause: error });
  }
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    /** Resolves when the last answer is out. */
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

/** @throws PilotlightError `config_invalid` where the file cannot be used */
function storeFor({ database, workDir }: Settings): ContextStore {
  try {
    mkdirSync(resolve(workDir), { recursive: true, mode: 0o700 });
    return sqliteStore(resolve(database));
  } catch (error) {
    const why = `CONTEXT_DATA: ${database}: ${(error as Error).message}`;
    throw new PilotlightError("config_invalid", why, { cause: error });
  }
}

/** @throws PilotlightError `no_api_key`, `config_invalid` … before anything is served */
function claudeFor(
  { auth, backend, model, concurrency, workDir }: Settings,
  env: Environment,
): Claude {
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
