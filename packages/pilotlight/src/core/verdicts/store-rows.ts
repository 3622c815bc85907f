import type { StoreRow } from "../verdict-row.ts";
import { DEFERRED, DOUBTED, REJECTED, STORE } from "./row-bases.ts";

const SIGN_IN =
  "Sign in again as the user of the job, with its HOME and CLAUDE_CONFIG_DIR: `pilotlight login`.";

/** What is found where a login should be read. */
const FOUND: readonly StoreRow[] = [
  {
    ...STORE,
    id: "store-absent",
    symptom: "There is no login where one is looked for",
    code: "no_credential",
    match: [{ store: ["absent"] }],
    steps: [
      "Compare user, HOME and CLAUDE_CONFIG_DIR with those of the sign-in: `pilotlight status` shows where it looks.",
      SIGN_IN,
    ],
    fm: ["FM-39", "FM-42", "FM-51"],
    note: "A file that holds only MCP logins is a logged-out one.",
  },
  {
    ...STORE,
    id: "store-not-a-file",
    symptom: "The credential file is a directory",
    code: "credential_not_a_file",
    match: [{ store: ["not_a_file"] }],
    steps: [
      "Remove the empty directory that Docker made of a missing bind source, sign in on the host, and mount again with `--mount type=bind`, which refuses a missing source.",
    ],
    fm: ["FM-28"],
  },
  {
    ...STORE,
    id: "store-corrupt",
    symptom: "The credential file is not what Claude Code writes",
    code: "credential_corrupt",
    match: [{ store: ["corrupt"] }],
    steps: [
      "Move the file aside; never put an old backup in its place, for its refresh token is spent.",
      SIGN_IN,
    ],
    fm: ["FM-32"],
    note: "Under the lock it is read once more first: old builds write in place.",
  },
  {
    ...STORE,
    id: "store-unreadable",
    symptom: "The credential file cannot be read",
    code: "credential_unreadable",
    match: [{ store: ["unreadable"] }],
    steps: ["Run as the user who owns the file, or have that user give this one read access."],
    fm: ["FM-29"],
  },
  {
    ...STORE,
    id: "store-login-ended",
    symptom: "The login is known to be over",
    code: "login_ended",
    retry: "look_again",
    grant: "ended",
    match: [{ store: ["ended"] }],
    steps: [SIGN_IN],
    fm: ["FM-03"],
    note: "Known from an earlier refresh of this very token; nothing is sent again.",
  },
  {
    ...DOUBTED,
    subject: "store",
    id: "store-in-doubt",
    symptom: "An earlier refresh was never answered",
    match: [{ store: ["in_doubt"] }],
    steps: [
      "Let jobs go on while the access token lives; Pilotlight tries once more when it has ended.",
      "A sign-in settles it at any time: `pilotlight login`.",
    ],
    fm: ["FM-13"],
  },
  {
    ...STORE,
    id: "store-blanked",
    symptom: "The tokens in the credential file are empty",
    code: "login_blanked",
    retry: "look_again",
    match: [{ store: ["blanked"] }],
    steps: [
      SIGN_IN,
      "Find out who blanked it: another Claude Code that lost a race, or a copy of this login elsewhere (`pilotlight history`).",
    ],
    fm: ["FM-10", "FM-33"],
    note: "Where the last generation was never spent, Pilotlight puts it back by itself.",
  },
  {
    ...STORE,
    id: "store-spent",
    symptom: "The credential file holds a refresh token that was already used",
    code: "refresh_token_spent",
    grant: "ended",
    match: [{ store: ["spent"] }],
    steps: [
      SIGN_IN,
      "Give every host, container and CI job a login of its own, and keep credentials out of images and backups.",
    ],
    fm: ["FM-11", "FM-12", "FM-14", "FM-31"],
    note: "To send it once more would make the server revoke the whole login.",
  },
  {
    ...STORE,
    id: "store-not-refreshable",
    symptom: "The credential file holds no refresh token",
    code: "not_refreshable",
    match: [{ store: ["not_refreshable"] }],
    steps: [
      SIGN_IN,
      "Where another machine or service brings this file, renew it there: it holds no refresh token.",
    ],
    fm: ["FM-15", "FM-43"],
  },
  {
    ...STORE,
    id: "store-scope-missing",
    symptom: "The scopes in the credential file lack user:inference",
    code: "scope_missing",
    match: [{ store: ["scope_missing"] }],
    steps: [
      SIGN_IN,
      "Where a program of your own writes this file, let it keep `scopes` as the server granted them.",
    ],
    fm: ["FM-34"],
    note: "Claude Code says that it is not logged in, however good the token is; no scope is invented.",
  },
  {
    ...STORE,
    id: "store-not-kept",
    symptom: "The login lies in a place that Pilotlight does not keep",
    code: "unsupported",
    match: [{ store: ["not_kept"] }],
    steps: [
      "Renew it where it lives: Pilotlight keeps the file that Claude Code writes, and no keychain.",
    ],
    fm: ["FM-37", "FM-41"],
  },
  {
    ...REJECTED,
    subject: "store",
    id: "store-rejected",
    symptom: "The server has rejected the access token in the store",
    match: [{ store: ["rejected"] }],
    steps: ["Nothing: the next refresh is due at once, whatever `expiresAt` says."],
    fm: ["FM-02"],
  },
];

/** What stands in the way of a write. */
const UNWRITABLE: readonly StoreRow[] = [
  {
    ...DEFERRED,
    subject: "store",
    id: "store-locked",
    symptom: "The lock of the login is taken",
    code: "lock_busy",
    match: [{ store: ["locked"] }],
    steps: [
      "Wait a minute: another process is refreshing.",
      "If it goes on, look for an orphaned lock with `pilotlight doctor`.",
    ],
    fm: ["FM-09", "FM-16", "FM-17", "FM-19"],
  },
  {
    ...STORE,
    id: "store-read-only",
    symptom: "The credential file is on a read-only file system",
    code: "cannot_persist",
    grant: "stands",
    match: [{ store: ["unwritable"], errno: ["EROFS"] }],
    steps: [
      "Mount the config directory read-write, or let the host refresh and isolate the job (`pilotlight run --isolate always`).",
      "Or use a setup-token (CLAUDE_CODE_OAUTH_TOKEN), which nothing needs to store.",
    ],
    fm: ["FM-27"],
  },
  {
    ...STORE,
    id: "store-renewed-elsewhere",
    symptom: "A job's login lies on a read-only mount",
    code: "store_read_only",
    grant: "stands",
    match: [{ store: ["read_only"] }],
    steps: [
      "Renew it where the file comes from: `pilotlight refresh` or `pilotlight login` on that host.",
      'Where only the single file is mounted, set `write = "in-place"` there, so that the result shows here.',
    ],
    fm: ["FM-26", "FM-27"],
  },
  {
    ...STORE,
    id: "store-mounted-alone",
    symptom: "The credential file is mounted as a single file",
    code: "cannot_persist",
    grant: "stands",
    match: [{ store: ["unwritable"], errno: ["EBUSY"] }],
    steps: ['Mount the directory instead of the single file, or set `write = "auto"`.'],
    fm: ["FM-26"],
  },
  {
    ...STORE,
    id: "store-not-ours",
    symptom: "The credential file, or the place beside it, may not be written by this user",
    code: "cannot_persist",
    grant: "stands",
    match: [{ store: ["unwritable"], errno: ["EACCES", "EPERM"] }],
    steps: [
      "Run as the owner of the file, or have its owner chown it back after a run as root.",
      "In a sandbox, allow `mkdir` beside the config directory: one of Claude Code's locks lies there.",
      "On Windows, keep virus scanners and sync clients away from the config directory.",
    ],
    fm: ["FM-29", "FM-30", "FM-41"],
  },
  {
    ...STORE,
    id: "store-unwritable",
    symptom: "The credential file, or the state directory, cannot be written",
    code: "cannot_persist",
    grant: "stands",
    match: [{ store: ["unwritable"] }],
    steps: ["Make the named place writable, with at least 1 MiB free, then refresh again."],
    fm: ["FM-13", "FM-27"],
    note: "Found before anything is spent.",
  },
];

/** What a store can be found to be. */
export const STORE_ROWS: readonly StoreRow[] = [...FOUND, ...UNWRITABLE];
