import type { Credential } from "../core/credential.ts";
import { PilotlightError } from "../core/errors.ts";
import type { CredentialStore } from "../core/ports.ts";
import { readEnvFile } from "./read-env-file.ts";

type Variables = Readonly<Record<string, string>>;

/**
 * A login whose token stands in an env file. It can only be read: nothing renews such a token, and another one is put there
 * by `tokenPlace`. Every other call is refused as `unsupported`.
 */
export function envFileStore(
  path: string,
  credentialIn: (variables: Variables) => Promise<Credential | null>,
): CredentialStore {
  const refuse = async (): Promise<never> => {
    const fix = "nothing renews a token in an env file; `pilotlight login` mints another one";
    throw new PilotlightError("unsupported", `${path}: ${fix}`);
  };
  return {
    async read() {
      const file = await readEnvFile(path);
      if (file.kind === "unreadable") return file.entry;
      const credential = file.kind === "absent" ? null : await credentialIn(file.variables);
      return credential === null ? { state: "absent" } : { state: "present", credential };
    },
    withLock: refuse,
    proveWritable: refuse,
    write: refuse,
    remove: refuse,
  };
}
