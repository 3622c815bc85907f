import type { ErrorCode } from "./errors.ts";

export interface Background {
  /** How it comes about, in whole sentences. */
  readonly why: string;
  /** How to make sure that it is this, in whole sentences. */
  readonly tell: string;
}

const RUN_AGAIN = "The line on stderr names it.";

/** What a page on a code says beyond its row in `TRAITS`. */
export const ERROR_PAGES: Readonly<Record<ErrorCode, Background>> = {
  usage: {
    why: "A command, an option or its value is none that Pilotlight knows.",
    tell: "The line on stderr quotes the word; nothing was read, written or started.",
  },
  credential_corrupt: {
    why: "A crash, a full disk or a tool that merges JSON left half a document behind.",
    tell: "`pilotlight status` names the file and what is wrong in it, without its values.",
  },
  env_file_corrupt: {
    why: "A login's `env_file`, or the file that `--to-env-file` names, holds a line that systemd and Docker read differently or not at all.",
    tell: "`pilotlight status` names file and line, without its words.",
  },
  credential_not_a_file: {
    why: "Docker makes a directory of a bind source that is missing when the container starts.",
    tell: "`ls -ld` on the path that `pilotlight status` names shows a directory, pipe or device.",
  },
  no_credential: {
    why: "Nobody signed in here, a logout removed the file, or the job looks elsewhere: another user, HOME or CLAUDE_CONFIG_DIR.",
    tell: "`pilotlight status` in the job's own environment names the path that it looks at.",
  },
  sign_in_failed: {
    why: "Claude Code ended before it showed a link, nobody pasted a code in time, the input was closed, or what came back could not be proved.",
    tell: "The line names which; `pilotlight status` shows the same login as before.",
  },
  code_rejected: {
    why: "The code was incomplete, too old, already used, or of an earlier link.",
    tell: "The line quotes what Claude Code said, or says which part of the code is missing.",
  },
  another_account: {
    why: "The browser was signed in to another account, or the consent named another organization.",
    tell: "`claude auth status` in the login's directory names the account of the present one.",
  },
  no_api_key: {
    why: "`run --auth api-key` demands a key, and Claude Code would use something else here, or nothing.",
    tell: "`pilotlight explain` in the job's own environment names what it would use.",
  },
  credential_unreadable: {
    why: "The file belongs to another user, often root after a run with sudo or in a container; on macOS the keychain is locked.",
    tell: "`ls -l` shows its owner; compare with `id -un` in the job.",
  },
  network_unavailable: {
    why: "No connection was made: no network, no DNS, a proxy that refuses, or a certificate that is not trusted.",
    tell: "The line names the system's code, such as ECONNREFUSED or SELF_SIGNED_CERT_IN_CHAIN.",
  },
  endpoint_unavailable: {
    why: "The token endpoint answered 5xx, or something that says nothing about the grant.",
    tell: "The line names the HTTP status; https://status.claude.com tells whether others see it too.",
  },
  edge_forbidden: {
    why: "An edge network or a proxy refuses addresses, regions or clients before the server is asked.",
    tell: "The answer is a page, or says “Request not allowed”, and holds no error of OAuth or of the API.",
  },
  bug: {
    why: "Something happened that the program rules out.",
    tell: "It comes back with the same command and the same files.",
  },
  cannot_persist: {
    why: "The credential file, the state directory or the place of a lock is read-only, full, or another user's.",
    tell: "The line names the place and the system's code: EROFS, EACCES, EPERM, ENOSPC or EBUSY.",
  },
  store_read_only: {
    why: "The credential file is on a read-only mount, as a container often gets it, so its renewal is somebody else's task.",
    tell: "The line names the file, and EROFS; on the host that it comes from, `pilotlight refresh` works.",
  },
  output_lost: {
    why: "The disk or pipe that takes the job's output had no room for it, or was closed.",
    tell: "What arrived ends in the middle; the job itself came to its end.",
  },
  lock_busy: {
    why: "Another process is refreshing this login, or one died while it did and its lock is not stale yet.",
    tell: "`ls -ld` on `.oauth_refresh.lock` in the config directory: a lock that is held gets a new time every few seconds.",
  },
  throttled: {
    why: "Too many refreshes from this login or address; shared addresses of data centres meet it more often.",
    tell: "The status is 429, whatever else the answer says.",
  },
  in_doubt: {
    why: "The connection broke, or a gateway gave up, after the refresh token had left. The server may have rotated it.",
    tell: "`pilotlight status` says inDoubt; `pilotlight history` shows when.",
  },
  refresh_unknown: {
    why: "The staged Claude Code stored nothing and logged nothing that is known: older builds never do, newer ones not for every answer.",
    tell: "`pilotlight refresh` says what it logged.",
  },
  refresh_running: {
    why: "The token endpoint is slow, and a refresh is never interrupted: a signal at that moment loses the login.",
    tell: "A Claude Code whose working directory is Pilotlight's stage is still alive.",
  },
  login_ended: {
    why: "A login ends about thirty days after the sign-in; earlier, when its refresh token was used twice (copies, restored backups), or when it was signed out or removed by an administrator.",
    tell: "The server said invalid_grant, or Claude Code that the session could not be refreshed. A 429, a 403 or a page never means this.",
  },
  login_blanked: {
    why: "A Claude Code whose refresh was rejected empties the tokens in the file, also when a sibling had already stored better ones.",
    tell: "The file is there, with empty tokens and expiresAt 0.",
  },
  refresh_token_spent: {
    why: "A backup, an image or another machine's copy was put where the newer generation was.",
    tell: "Its fingerprint (`pilotlight status`) is one that `pilotlight history` shows as replaced.",
  },
  not_refreshable: {
    why: "The file was projected for jobs without its refresh token, or a tool dropped it while merging.",
    tell: "`pilotlight status --json` says refreshToken.present false.",
  },
  config_invalid: {
    why: "A key or value in config.toml, or a PILOTLIGHT_ variable, is none that Pilotlight knows.",
    tell: "The line names file, line and key.",
  },
  clock_wrong: {
    why: "The time service is off or out of reach, or a virtual machine slept; WSL lags behind after the host's sleep. The end of a token is a date by the clock of the machine that refreshed it.",
    tell: "`pilotlight doctor --online` measures it against the server's; `timedatectl` says whether it is kept.",
  },
  cli_not_found: {
    why: "A service has another PATH than a terminal, or Claude Code was never installed for this user.",
    tell: "`command -v claude` in the environment of the service prints nothing.",
  },
  cli_refused: {
    why: "Started on invented tokens, this build did not refresh, did not wait for its refresh, or did not store it.",
    tell: "The line says what it did; another build is rehearsed anew.",
  },
  endpoint_refused: {
    why: "The endpoint driver sends an honest name of its own, and the endpoint may accept others only; or the endpoint has moved.",
    tell: "The line names the status and the OAuth error; the default driver goes on working.",
  },
  api_unavailable: {
    why: "The API answered 5xx to a job.",
    tell: "https://status.claude.com tells whether others see it too.",
  },
  structured_output_missing: {
    why: "The answer was cut off at its limit of tokens, refused, or not what the schema demands; an empty value is never returned in its place.",
    tell: "The line names the first place that does not fit, or says that nothing came.",
  },
  timed_out: {
    why: "The question took longer than `timeoutMs`, waiting in the queue included. Claude Code was ended, though not in the middle of a refresh.",
    tell: "Metrics show how long answers take: pilotlight_ask_duration_seconds.",
  },
  claude_failed: {
    why: "The model is not known, the prompt too long, a limit of turns was reached, or Claude Code did not understand its arguments.",
    tell: "The line holds what Claude Code said itself.",
  },
  silent_exit: {
    why: "A config directory that cannot be written, a service account, or a prompt that asked for nothing.",
    tell: "Exit status 0, nothing on stdout, and no answer in the session file.",
  },
  login_renewed: {
    why: "The server rejected the job's token before its time. Pilotlight renewed the login, and a repeat might have done the job's work twice.",
    tell: "`pilotlight history` shows the renewal right after the run; the next start uses the new token.",
  },
  usage_limit: {
    why: "The plan's session, five-hour, weekly or model limit is used up; other programs of the same account count as well.",
    tell: "The text says which limit and when it resets; Claude Code's own status is 429.",
  },
  overloaded: {
    why: "The API has more to do than it can (529), or asks this client to slow down (429 without a reset).",
    tell: "The text says that it is not your usage limit, or names 529.",
  },
  auth_rejected: {
    why: "The token was revoked, replaced or has ended. Pilotlight tried what a refresh can do; a token from a variable cannot be refreshed.",
    tell: "The status is 401, or the text says expired, revoked or invalid. `pilotlight doctor` names the source of the token.",
  },
  organization_forbidden: {
    why: "A policy of the organization forbids subscription logins or API keys, or this account is not in it any more.",
    tell: "The text names the organization; the same login works nowhere else either.",
  },
  account_problem: {
    why: "A payment is due, the account is on hold or unverified, the credit is used up, or a stale API key belongs to a disabled organization.",
    tell: "https://claude.ai/settings shows it for the account; for a key, its own console does.",
  },
  credential_shadowed: {
    why: "A variable, a setting or a helper ranks before the login, so the job would use that, and bill it.",
    tell: "`pilotlight doctor` lists every source in its order, and where it stands.",
  },
  wrong_credential: {
    why: "A subscription token was given to the API, an API key was expected and is none, or a variable holds a broken one.",
    tell: "Its first characters tell: sk-ant-oat, sk-ant-api or sk-ant-ort.",
  },
  gateway_rejected: {
    why: "ANTHROPIC_BASE_URL sends the job to a gateway, and that gateway knows another key.",
    tell: "Without ANTHROPIC_BASE_URL the same login works.",
  },
  scope_missing: {
    why: "A setup-token may ask the model and nothing else: no connectors, no usage, no remote control. And a stored login whose scopes lack user:inference is none for Claude Code.",
    tell: "The text names the scope, such as user:profile; pilotlight status shows those of the login.",
  },
  profile_unusable: {
    why: "The profile's token has ended and cannot be renewed, its files are missing or not JSON, or other users can read them.",
    tell: "`pilotlight explain` names the profile's file and what is wrong with it.",
  },
  helper_failing: {
    why: "The script behind apiKeyHelper ended with an error, printed nothing, or printed more than a key.",
    tell: "Run it by hand as the job's user, and look at its exit status and at every byte of its output.",
  },
  cannot_isolate: {
    why: "This build ignores the variable that leads it to a copy without a refresh token, or the store holds other logins that the job may write.",
    tell: "The line says which of the two.",
  },
  unsupported: {
    why: "The platform, or the place of the login (a keychain), is one that Pilotlight does not write to.",
    tell: RUN_AGAIN,
  },
  nested: {
    why: "The setting refresh.claude names a wrapper that starts Pilotlight, which would refresh for ever.",
    tell: RUN_AGAIN,
  },
  service_failed: {
    why: "The service manager refused a step of `pilotlight init` or `uninstall`, or the keeper did not come up.",
    tell: "The line quotes systemd; `journalctl --user -u pilotlight` (with --system: without --user) has what the keeper said.",
  },
  state_unreadable: {
    why: "A file in the state directory belongs to another user, or was cut off by a full disk.",
    tell: "The line names the file.",
  },
  state_newer: {
    why: "Two versions of Pilotlight share a state directory, and the newer one has written to it.",
    tell: "`pilotlight --version` on both.",
  },
};
