import { join } from "node:path";
import { PilotlightError } from "pilotlight/orchestrator";
import { z } from "zod";
import type { Room } from "./core/assemble-context.ts";

const whole = (least: number, most: number, usual: number) =>
  z.coerce.number().int().min(least).max(most).default(usual);

/** Twice as many fit into one question in any script, where a character is a token. */
const MOST_CHARACTERS = 80_000;

/** Everything that can be set, by its variable. */
export const SETTINGS = z.object({
  CONTEXT_AUTH: z.enum(["api-key", "subscription"]).default("api-key"),
  CONTEXT_BACKEND: z.enum(["api", "cli"]).optional(),
  CONTEXT_MODEL: z.string().min(1).optional(),
  CONTEXT_HOST: z.string().min(1).default("127.0.0.1"),
  CONTEXT_PORT: whole(0, 65_535, 8080),
  CONTEXT_HOSTS: z.string().default(""),
  CONTEXT_TOKEN: z.string().min(16).optional(),
  CONTEXT_DATA: z.string().min(1).default("data"),
  CONTEXT_HOT_MESSAGES: whole(1, 200, 50),
  CONTEXT_BATCH: whole(1, 200, 100),
  CONTEXT_FACTS: whole(1, 1_000, 200),
  CONTEXT_QUESTIONS: whole(1, 50, 5),
  CONTEXT_CONCURRENCY: whole(1, 32, 2),
  CONTEXT_CAPACITY: whole(1, 1_000, 16),
  CONTEXT_TIMEOUT_SECONDS: whole(1, 3_600, 120),
});

/** The settings of one service. */
export interface Settings {
  readonly auth: "api-key" | "subscription";
  readonly backend: "api" | "cli" | null;
  readonly model: string | null;
  readonly host: string;
  readonly port: number;
  readonly hosts: readonly string[];
  readonly token: string | null;
  readonly database: string;
  /** An empty directory, so that no project's instructions are read by Claude Code. */
  readonly workDir: string;
  readonly room: Room;
  readonly questions: number;
  readonly concurrency: number;
  readonly capacity: number;
  /** ms. */
  readonly timeoutMs: number;
}

/** @throws PilotlightError `config_invalid`, with the variable */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const own = Object.entries(env).filter(
    ([name, value]) => name.startsWith("CONTEXT_") && value !== "",
  );
  const unknown = own.find(([name]) => !(name in SETTINGS.shape));
  if (unknown !== undefined) throw invalid(`${unknown[0]} is no setting of this service`);
  const read = SETTINGS.safeParse(Object.fromEntries(own));
  if (!read.success) {
    const [issue] = read.error.issues;
    throw invalid(`${String(issue?.path[0])}: ${issue?.message ?? "it does not fit"}`);
  }
  const settings = settingsOf(read.data);
  if (!isLoopback(settings.host) && settings.token === null) {
    throw invalid(`CONTEXT_HOST ${settings.host} is open to others, so CONTEXT_TOKEN must be set`);
  }
  return settings;
}

function settingsOf(read: z.infer<typeof SETTINGS>): Settings {
  return {
    auth: read.CONTEXT_AUTH,
    backend: read.CONTEXT_BACKEND ?? null,
    model: read.CONTEXT_MODEL ?? null,
    host: read.CONTEXT_HOST,
    port: read.CONTEXT_PORT,
    hosts: read.CONTEXT_HOSTS.split(",").flatMap((name) => name.trim() || []),
    token: read.CONTEXT_TOKEN ?? null,
    database: join(read.CONTEXT_DATA, "context.db"),
    workDir: join(read.CONTEXT_DATA, "work"),
    room: {
      characters: MOST_CHARACTERS,
      hot: read.CONTEXT_HOT_MESSAGES,
      batch: read.CONTEXT_BATCH,
      facts: read.CONTEXT_FACTS,
    },
    questions: read.CONTEXT_QUESTIONS,
    concurrency: read.CONTEXT_CONCURRENCY,
    capacity: read.CONTEXT_CAPACITY,
    timeoutMs: read.CONTEXT_TIMEOUT_SECONDS * 1000,
  };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

function invalid(why: string): PilotlightError {
  return new PilotlightError("config_invalid", why);
}
