import { SETUP_TOKEN } from "../../claude/token-credential.ts";
import { inQuotes } from "../../core/login-command.ts";

/** How a file holds a token. */
export type PlaceKind = "env-file" | "systemd-credential";

const SECRET = "claude_code_oauth_token";

/**
 * Commands that hand a stored token on. Each reads it from its file, so it stands on no command line and in no history of a
 * shell. They are shown, and never run.
 */
export function handOnCommands(kind: PlaceKind, path: string): readonly string[] {
  const file = inQuotes(path);
  return kind === "env-file" ? fromEnvFile(file) : fromTokenFile(file);
}

/** Only the token is taken out, whatever else is set in the file. */
function fromEnvFile(file: string): readonly string[] {
  const only = `sed -n 's/^\\(export  *\\)\\{0,1\\}${SETUP_TOKEN}=//p' ${file} | tr -d '\\n'`;
  return [
    `${only} | docker secret create ${SECRET} -`,
    `${only} | kubectl create secret generic claude-code --from-file=${SETUP_TOKEN}=/dev/stdin`,
    `${only} | gh secret set ${SETUP_TOKEN}`,
  ];
}

function fromTokenFile(file: string): readonly string[] {
  return [
    `systemd-creds encrypt --name=${SECRET} ${file} /etc/credstore.encrypted/${SECRET}`,
    `docker secret create ${SECRET} ${file}`,
    `kubectl create secret generic claude-code --from-file=${SETUP_TOKEN}=${file}`,
    `gh secret set ${SETUP_TOKEN} < ${file}`,
  ];
}
