import { createServer } from "node:net";
import { errnoOf, isErrorCode, PilotlightError } from "../../core/errors.ts";
import type { LoginStatus } from "../../core/login-status.ts";
import type { Effective, StatusReport } from "../../core/status-report.ts";
import type { Config } from "../config.ts";
import { urlOf } from "../../http/allowed-host.ts";
import { installedClaude } from "../doctor/installed-claude.ts";
import type { ListenAddress } from "../settings-table.ts";
import { printable } from "../printable.ts";

/** Who pays for unattended jobs. */
export type Payer = "subscription" | "api";

/** True where a job of now would not use the stored login. */
export function isShadowed({ source }: Effective): boolean {
  return source !== "claude-file";
}

/** Who is billed now, in words. */
export function billedNow({ source, billing, shadowed }: Effective): string {
  const shade = shadowed.length > 0 ? `, which shadows ${shadowed.join(", ")}` : "";
  return printable(`Claude Code uses ${source} here${shade}; billed: ${billing}`);
}

/**
 * Refuses where there is nothing that could be kept.
 * @throws PilotlightError `no_credential`, or the trouble of the first login where none is usable or refreshable
 */
export function requireLogin({ logins }: StatusReport): void {
  const stored = logins.filter(
    ({ source, phase }) => source === "claude-file" && phase !== "absent",
  );
  if (stored.length === 0) {
    throw new PilotlightError(
      "no_credential",
      "nothing was changed; sign in first: pilotlight login",
    );
  }
  if (stored.some(({ usable, refreshable }) => usable || refreshable)) return;
  throw troubleOf(stored[0]);
}

function troubleOf(login: LoginStatus | undefined): PilotlightError {
  const { code, message } = login?.action ?? {
    code: "bug",
    message: "a login without its trouble",
  };
  return new PilotlightError(isErrorCode(code) ? code : "bug", message);
}

/** @throws PilotlightError `cli_not_found` where no Claude Code could refresh anything */
export async function requireClaude(config: Config): Promise<void> {
  const { trouble } = await installedClaude({ config, env: config.env });
  if (trouble !== null && config.driver === "cli") throw trouble;
}

/** @throws PilotlightError `config_invalid` where another program has the port */
export async function requirePort(listen: ListenAddress | null): Promise<void> {
  if (listen === null || listen.port === 0) return;
  const { host, port } = listen;
  const server = createServer();
  const error = await new Promise<Error | null>((resolve) => {
    server.once("error", resolve);
    server.listen({ host, port, exclusive: true }, () => resolve(null));
  });
  if (error === null) {
    await new Promise((resolve) => server.close(resolve));
    return;
  }
  const fix = 'choose another one in config.toml ([keep] listen), or "off"';
  throw new PilotlightError(
    "config_invalid",
    `${host}:${port} cannot be had (${errnoOf(error) ?? "?"}); ${fix}`,
  );
}

/** Where this machine reaches the keeper; `null` where that is nowhere, or not known beforehand. */
export function faceOf(listen: ListenAddress | null): string | null {
  if (listen === null || listen.port === 0) return null;
  return urlOf(listen);
}
