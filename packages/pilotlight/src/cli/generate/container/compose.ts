import { PilotlightError } from "../../../core/errors.ts";
import type { Generated, Kind } from "../generated.ts";
import type { Installation } from "../installation.ts";
import { HEALTHY, imageOf } from "./image.ts";

/** Services for Compose: who renews the login, and who only reads it. */
export const compose: Kind = {
  options: ["login", "variant"],
  make: (installation, { variant }) => {
    const name = variant ?? "sidecar";
    const make = Object.hasOwn(VARIANTS, name) ? VARIANTS[name] : undefined;
    if (make !== undefined) return make(installation);
    const known = Object.keys(VARIANTS).join(", ");
    throw new PilotlightError(
      "usage",
      `there is no variant ${JSON.stringify(name)} (known: ${known})`,
    );
  },
};

const VARIANTS: Readonly<Record<string, (installation: Installation) => Generated>> = {
  sidecar: (installation) => composeFile(sidecar(installation), SIGN_IN("keep")),
  "in-process": (installation) => composeFile(inProcess(installation), SIGN_IN("context")),
  "single-file": (installation) =>
    composeFile(singleFile(installation), [
      'on the host, in config.toml: write = "in-place"; and a timer: pilotlight generate systemd-timer',
      'after each sign-in: docker compose restart context, by hand or in config.toml: on_renewed = "docker compose restart context"',
    ]),
};

function composeFile(text: string, notes: readonly string[]): Generated {
  const first = "it builds from: pilotlight generate dockerfile";
  return { files: [{ path: "compose.yaml", text }], notes: [first, ...notes, "not run here"] };
}

const SIGN_IN = (service: string) => [
  `once, a person signs in: docker compose run --rm ${service} pilotlight login`,
];

/** What every service has: the time of a refresh, a health check that starts no claude, and no privileges. */
const COMMON = `\
    # Reaps what a job leaves behind, and passes signals on.
    init: true
    restart: unless-stopped
    # A refresh takes up to 150 s, and a claude that is killed in it loses the login.
    stop_grace_period: 200s
    healthcheck:
      test: ["CMD-SHELL", "${HEALTHY.replaceAll("$", "$$$$")}"]
      interval: 1m
      timeout: 30s
      start_period: 30s
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
`;

function sidecar(installation: Installation): string {
  return `\
# keep renews the login on its volume; context reads it and cannot lose it. Not run here.
services:
  keep:
    build: .
    image: ${imageOf(installation)}
    command: ["pilotlight", "keep", "--listen", "127.0.0.1:7450"]
${COMMON}\
    volumes:
      - login:/login
      - keep-state:/state

  # Your service, on the same image. It starts jobs by: pilotlight run -- claude -p …
  context:
    image: context:1.0.0
    environment:
      # Read-only: each job gets a copy without a refresh token (Claude Code 2.1.216 or newer).
      CLAUDE_CREDENTIALS_PATH: /login/.claude/.credentials.json
      # Sessions and settings are its own.
      CLAUDE_CONFIG_DIR: /state/claude
${COMMON}\
    depends_on: [keep]
    volumes:
      # The whole directory: a single file would stay the old one after a renewal.
      - login:/login:ro
      - context-state:/state

volumes:
  login:
  keep-state:
  context-state:
`;
}

function inProcess(installation: Installation): string {
  return `\
# One service that renews its own login: every job starts by pilotlight run -- claude -p … Not run here.
services:
  context:
    build: .
    image: ${imageOf(installation)}
    # Your service; it has to wait for its jobs when it is stopped.
    command: ["node", "/home/node/server.js"]
${COMMON}\
    volumes:
      - login:/login
      - state:/state

volumes:
  login:
  state:
`;
}

function singleFile({ credentialsFiles, ...installation }: Installation): string {
  const [source, ...others] = credentialsFiles;
  if (source === undefined) {
    throw new PilotlightError("usage", "no login is configured that Claude Code stores in a file");
  }
  if (others.length > 0) {
    throw new PilotlightError("usage", "several logins are configured: name one with --login");
  }
  return `\
# The host's login as one file, read-only: the host renews it, in place; nothing in here can. Not run here.
services:
  context:
    build: .
    image: ${imageOf({ credentialsFiles, ...installation })}
    # Your service. It starts jobs by: pilotlight run -- claude -p … (Claude Code 2.1.216 or newer)
    command: ["node", "/home/node/server.js"]
    # The file is readable for its owner only: who owns it on the host.
    user: "1000"
    environment:
      CLAUDE_CREDENTIALS_PATH: /run/claude/credentials.json
      CLAUDE_CONFIG_DIR: /state/claude
${COMMON}\
    volumes:
      - type: bind
        source: ${JSON.stringify(source.replaceAll("$", "$$$$"))}
        target: /run/claude/credentials.json
        read_only: true
        bind:
          # Docker would make a directory of a file that is not there.
          create_host_path: false
      - state:/state

volumes:
  state:
`;
}
