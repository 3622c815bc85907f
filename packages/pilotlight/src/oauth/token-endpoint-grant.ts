import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Credential } from "../core/credential.ts";
import { PilotlightError } from "../core/errors.ts";
import type {
  Clock,
  DurableFiles,
  GrantProcess,
  GrantResult,
  RefreshGrant,
} from "../core/ports.ts";
import { failedGrant, recogniseRefresh } from "../core/recognise-refresh.ts";
import { isSafeTokenUrl } from "./safe-token-url.ts";
import { type ParseFields, type RawResponse, readTokenResponse } from "./token-response.ts";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Everything needed to read the answer later, in another process. */
interface Spill {
  readonly schema: 1;
  readonly from: string | null;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly response: RawResponse;
}

/**
 * The opt-in driver: a refresh grant sent to the token endpoint by Pilotlight itself, under its own
 * name. The answer is on disk, fsynced, before it is parsed. A request is never aborted.
 * @throws PilotlightError `config_invalid` for a URL that is neither https nor loopback.
 * @see RFC 6749 §6
 */
export function tokenEndpointGrant(options: {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly userAgent: string;
  readonly spillFile: string;
  readonly parseFields: ParseFields;
  readonly fetch: Fetch;
  readonly files: DurableFiles;
  readonly clock: Clock;
  /** ms after which we stop waiting; the request goes on while this process lives. */
  readonly patience: number;
  /** This process, as others can recognise it. */
  readonly self: GrantProcess;
  readonly isAlive: (process: GrantProcess) => boolean;
}): RefreshGrant {
  if (!isSafeTokenUrl(options.tokenUrl)) {
    throw new PilotlightError(
      "config_invalid",
      "the token endpoint's URL is neither https nor loopback, or names a user",
    );
  }
  const { spillFile, files, clock } = options;
  let inFlight: Promise<GrantResult> | null = null;

  async function send(credential: Credential): Promise<GrantResult> {
    const fields = credential.fields.reveal();
    let response: RawResponse;
    try {
      response = await post(options, credential);
    } catch (error) {
      return lost(error);
    }
    const from = credential.refreshToken?.fingerprint ?? null;
    const spill: Spill = { schema: 1, from, fields, response };
    // A disk that filled up meanwhile must not cost the answer: journal and store are two more places for it.
    await files.write(spillFile, JSON.stringify(spill)).catch(() => undefined);
    return readTokenResponse(response, fields, options.parseFields);
  }

  return {
    async prepare() {
      await makePrivate(dirname(spillFile));
      await files.prove(dirname(spillFile));
    },

    async spend(credential, started) {
      await keepUnread(spillFile, clock.now());
      await started(options.self);
      const sent = send(credential).finally(() => {
        inFlight = null;
      });
      inFlight = sent;
      // Its answer is spilled and adopted later, so nobody may be waiting for it any more.
      sent.catch(() => undefined);
      const enough = new AbortController();
      const result = await Promise.race([
        sent,
        clock.sleep(options.patience, enough.signal).then(() => null),
      ]);
      enough.abort();
      return result ?? stillWaiting(options.patience);
    },

    async inspect(from, process) {
      const spill = await readSpill(spillFile);
      if (spill !== null && spill.from === from.refresh) {
        const result = readTokenResponse(spill.response, spill.fields, options.parseFields);
        return result.kind === "failed" ? { kind: "nothing" } : result;
      }
      const isOurs =
        process !== null &&
        process.pid === options.self.pid &&
        process.startedAt === options.self.startedAt;
      const isRunning = isOurs ? inFlight !== null : process !== null && options.isAlive(process);
      if (isRunning)
        return { kind: "running", detail: "the request to the token endpoint is still open" };
      return process === null ? { kind: "unsent" } : { kind: "nothing" };
    },

    tidy: () => rm(spillFile, { force: true }),
  };
}

async function post(
  options: { tokenUrl: string; clientId: string; userAgent: string; fetch: Fetch; clock: Clock },
  credential: Credential,
): Promise<RawResponse> {
  const scopes = credential.scopes ?? [];
  const response = await options.fetch(options.tokenUrl, {
    method: "POST",
    // Never followed: the answer itself says that this is not the token endpoint.
    redirect: "manual",
    headers: {
      "content-type": "application/json",
      accept: "application/json",
      "user-agent": options.userAgent,
    },
    body: JSON.stringify({
      grant_type: "refresh_token",
      refresh_token: credential.refreshToken?.secret.reveal(),
      client_id: options.clientId,
      // RFC 6749 §6: never more than was granted; omitted means the same as before.
      ...(scopes.length > 0 && { scope: scopes.join(" ") }),
    }),
  });
  return {
    status: response.status,
    contentType: response.headers.get("content-type") ?? "",
    retryAfter: response.headers.get("retry-after"),
    body: await response.text(),
    receivedAt: options.clock.now(),
  };
}

function lost(error: unknown): GrantResult {
  const causes = causesOf(error);
  for (const { code, message } of causes) {
    const facts = {
      via: "endpoint",
      isAnswered: false,
      errno: code ?? null,
      cause: message,
    } as const;
    const row = recogniseRefresh(facts);
    if (row.grant === "stands") return failedGrant(row, `no connection: ${code ?? ""} ${message}`);
  }
  const code = causes.find((cause) => typeof cause.code === "string")?.code;
  const row = recogniseRefresh({ via: "endpoint", isAnswered: false });
  return failedGrant(row, `the connection broke before the answer (${code ?? "no reason given"})`);
}

function causesOf(error: unknown): readonly NodeJS.ErrnoException[] {
  return error instanceof Error ? [error, ...causesOf(error.cause)] : [];
}

async function readSpill(path: string): Promise<Spill | null> {
  try {
    const spill = JSON.parse(await readFile(path, "utf8")) as Spill;
    return spill.schema === 1 ? spill : null;
  } catch {
    return null;
  }
}

/** A spill that nobody could make sense of may still hold the only copy of a token. */
async function keepUnread(spillFile: string, now: number): Promise<void> {
  const archive = join(dirname(spillFile), "archive");
  await makePrivate(archive);
  await rename(spillFile, join(archive, `${basename(spillFile, ".json")}-${now}.json`)).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw new PilotlightError("cannot_persist", error.message);
    },
  );
}

async function makePrivate(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new PilotlightError("cannot_persist", `${folder}: ${(error as Error).message}`);
  }
}

function stillWaiting(patience: number): GrantResult {
  const row = recogniseRefresh({ via: "endpoint", isRunning: true });
  return failedGrant(row, `the token endpoint has not answered after ${patience / 1000} s`);
}
