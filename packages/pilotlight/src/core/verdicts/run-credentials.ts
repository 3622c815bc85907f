import type { VerdictRow } from "../verdict-row.ts";
import { ADMIN, PERSON } from "./row-bases.ts";

/** The wrong credential, none at all, or an account that may not. */
export const RUN_CREDENTIALS: readonly VerdictRow[] = [
  {
    ...PERSON,
    id: "wrong-credential",
    symptom: "A job is told that this kind of credential is not for it",
    code: "wrong_credential",
    match: [
      {
        text: [
          "only authorized for use with Claude Code",
          "OAuth authentication is currently not supported",
          "invalid x-api-key|x-api-key header is required|API key is invalid",
        ],
      },
    ],
    steps: [
      "Look at the beginning of the token: sk-ant-oat is for Claude Code (CLAUDE_CODE_OAUTH_TOKEN or the login), sk-ant-api is for the API (ANTHROPIC_API_KEY), and sk-ant-ort belongs nowhere but in the store.",
      "`pilotlight doctor` names the source that wins.",
    ],
    fm: ["FM-49"],
    examples: [
      "API Error: 400 This credential is only authorized for use with Claude Code and cannot be used for other API requests.",
      "API Error: 401 OAuth authentication is currently not supported.",
      "Failed to authenticate. API Error: 401 invalid x-api-key",
    ],
  },
  {
    ...ADMIN,
    id: "account-problem",
    symptom: "A job is refused because of billing, a hold or a disabled organization",
    code: "account_problem",
    match: [
      {
        text: [
          "organization has been disabled",
          "belongs to a disabled organization",
          "Credit balance is too low",
          "can't use your Claude subscription",
        ],
      },
      { category: ["billing_error", "account_on_hold", "verification_required"] },
    ],
    steps: [
      "Where ANTHROPIC_API_KEY is set, that key may be an old one: remove it to use the subscription (`pilotlight run --auth subscription`).",
      "Otherwise settle billing, hold or verification at https://claude.ai/settings, or with the organization's administrator.",
    ],
    fm: ["FM-45", "FM-59", "FM-60"],
    examples: [
      "API Error: 400 This organization has been disabled.",
      "Your ANTHROPIC_API_KEY belongs to a disabled organization · Unset the environment variable to use your subscription instead",
      "Credit balance is too low",
      "Claude Code can't use your Claude subscription, usually because a payment is past due · Pay or renew at https://claude.ai/settings/billing (if you just paid, try again shortly), or use an Anthropic API key instead",
    ],
    note: "2.1.329 says the last one of a 403 that 2.1.216 blames on the organization, and its category does so too (measured 2026-11).",
  },
  {
    ...ADMIN,
    id: "organization-forbidden",
    symptom: "A job is told that the organization does not allow its credential",
    code: "organization_forbidden",
    match: [
      {
        text: [
          "oauth_org_not_allowed",
          "organization has disabled (Claude subscription access|API key authentication)",
          "Your organization does not have access to Claude\\b",
          "not allowed for this organization",
        ],
      },
      { category: ["oauth_org_not_allowed"] },
    ],
    steps: [
      "Ask an administrator of the organization to allow it, or give the job another credential.",
      "Do not sign in again in a loop, also where the text says so: it changes nothing.",
    ],
    fm: ["FM-59"],
    examples: [
      "Your organization has disabled Claude subscription access for Claude Code · Use an Anthropic API key instead, or ask your admin to enable access",
      "Your organization does not have access to Claude. Please login again or contact your administrator.",
      "API Error: 403 OAuth authentication is currently not allowed for this organization.",
    ],
    note: "No refresh helps, also where the text says to sign in again (measured on 2.1.104, 2026-11).",
  },
  {
    ...PERSON,
    id: "profile-unusable",
    symptom: "A job ends because its Anthropic profile gives no credential",
    code: "profile_unusable",
    match: [
      { text: ["^Anthropic profile login expired", "is group/world-readable \\(mode 0o\\d+\\)"] },
    ],
    steps: [
      "`pilotlight explain` names the profile and its file; sign in to it again, and leave its credentials to their owner (0600).",
      "To use the subscription instead, unset ANTHROPIC_PROFILE, or start the job by `pilotlight run --auth subscription`.",
    ],
    fm: ["FM-46"],
    examples: [
      "Anthropic profile login expired · Re-authenticate your Anthropic profile",
      "API Error: Credentials file at /home/bot/.config/anthropic/credentials/work.json is group/world-readable (mode 0o644); run `chmod 600 /home/bot/.config/anthropic/credentials/work.json` before retrying.",
    ],
    note: "2.1.329 tries for three minutes where other users can read the profile's credentials (measured 2026-11).",
  },
  {
    ...PERSON,
    id: "helper-failing",
    symptom: "A job ends because the apiKeyHelper fails",
    code: "helper_failing",
    match: [
      { text: ["apiKeyHelper script is failing", "^apiKeyHelper failed"] },
      { text: ["Fix external API key"], apiKeySource: ["apiKeyHelper"] },
      { text: ["Fix external API key"], stderr: ["^apiKeyHelper failed"] },
    ],
    steps: [
      "Run the helper by hand as the job's user: it must end with 0 and print one key of printable ASCII, and nothing else.",
      "To use the subscription instead, remove `apiKeyHelper` from the settings.",
    ],
    fm: ["FM-53"],
    examples: [
      "Your apiKeyHelper script is failing · This usually means you need to re-authenticate with your provider · Run /status to see the script's error output",
      "apiKeyHelper failed: exited 3: broken",
    ],
    note: "2.1.104 blames an external API key for a helper that gave nothing; its stream and its stderr name the helper (measured 2026-11).",
  },
  {
    ...PERSON,
    id: "external-credential",
    symptom: "A job is told to fix an external key or token",
    code: "wrong_credential",
    match: [
      {
        text: [
          "Fix external (API key|auth token)",
          "is an invalid header value",
          "has invalid value: '(Bearer|sk-)",
        ],
      },
      { reason: ["invalid_credential_header"] },
    ],
    steps: [
      "Copy the token again, in one piece: a setup-token has about 108 characters, and no line break, space or #.",
      "`pilotlight doctor` names the variable or setting that holds it.",
    ],
    fm: ["FM-06", "FM-49", "FM-50"],
    examples: [
      "Invalid API key · Fix external API key",
      "Invalid auth token · Fix external auth token · Invalid Authorization header value from ANTHROPIC_AUTH_TOKEN: it contains a line break at character 9 (14 characters on 2 lines).",
      'API Error: Headers.append: "Bearer TEST-bad\ntoken" is an invalid header value.',
      "API Error: Header 'Authorization' has invalid value: 'Bearer TEST-bad\ntoken'",
    ],
    note: "A variable, not the stored login: a line break, a wrong kind or a revoked key.",
  },
  {
    ...PERSON,
    id: "keychain-unreadable",
    symptom: "A job is not logged in because the macOS keychain cannot be read",
    code: "credential_unreadable",
    match: [
      {
        text: ["Not logged in\\b"],
        stderr: ["User interaction is not allowed", "CSSMERR_CSP_INVALID_DATA"],
      },
    ],
    steps: [
      "Unlock the keychain in the session that starts the job: `security unlock-keychain ~/Library/Keychains/login.keychain-db`.",
      "For a service without a person, use a setup-token instead (`claude setup-token`, CLAUDE_CODE_OAUTH_TOKEN).",
    ],
    fm: ["FM-37", "FM-40"],
    note: "macOS over SSH, launchd or cron. As reported; not measured here.",
  },
  {
    ...PERSON,
    id: "sign-in-incomplete",
    symptom: "`claude auth login` does not come to its end",
    code: "no_credential",
    match: [
      {
        text: [
          "OAuth error: Invalid code",
          "Couldn't log in: ",
          "That doesn't look like the full code",
        ],
      },
    ],
    steps: [
      "Run `claude auth login` again, open the whole address (terminals wrap it) and paste the whole code, with what follows its #.",
    ],
    fm: ["FM-64"],
    examples: [
      "OAuth error: Invalid code",
      "Couldn't log in: Request failed with status code 400",
      "That doesn't look like the full code",
    ],
    note: "Said by `claude auth login`; a login that was there stays (measured on 2.1.329, 2026-11).",
  },
  {
    ...PERSON,
    id: "no-credential",
    symptom: "A job says “Not logged in”",
    code: "no_credential",
    match: [{ text: ["Not logged in\\b", "Could not resolve authentication method"] }],
    steps: [
      "Compare the job's user, HOME and CLAUDE_CONFIG_DIR with those of the sign-in: `pilotlight status` in the job's environment shows where it looks.",
      "Without a login there, sign in: `pilotlight login`.",
      "`--bare` reads no login at all: give the job an API key, or leave the flag away.",
    ],
    fm: ["FM-34", "FM-37", "FM-39", "FM-42", "FM-46", "FM-51"],
    examples: [
      "Not logged in · Please run /login",
      "Could not resolve authentication method. Expected one of apiKey, authToken",
    ],
    note: "2.1.104 and 2.1.118 say so of a blanked store as well, and 2.1.104 of a login without the scope user:inference (measured 2026-11).",
  },
];
