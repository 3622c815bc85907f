import type { Environment } from "../../claude/locations.ts";
import { PilotlightError } from "../../core/errors.ts";
import { Secret } from "../../core/secret.ts";
import { absolute, type ConfigFile, refuse } from "../config-file.ts";
import { readSecretFile } from "../secret-file.ts";

/** Where a secret of the configuration is. */
export type SecretRef =
  | { readonly from: "file"; readonly path: string }
  | { readonly from: "environment"; readonly name: string }
  | { readonly from: "config"; readonly value: Secret };

interface Written {
  readonly text: string | undefined;
  readonly file: string | undefined;
}

interface WrittenAt {
  /** `null` for what the environment said, which is as private as it is. */
  readonly config: ConfigFile | null;
  readonly path: readonly string[];
  readonly home: string;
}

/** Understands how a secret is written, and reads none. @throws PilotlightError `config_invalid` for one in a file that others may read */
export function secretRef({ text, file }: Written, { config, path, home }: WrittenAt): SecretRef {
  if (file !== undefined) return { from: "file", path: absolute(file, home) };
  const word = text?.trim() ?? "";
  const name = /^\$\{(\w+)\}$/.exec(word)?.[1];
  if (name !== undefined) return { from: "environment", name };
  if (config !== null && !config.isPrivate) {
    const key = path.at(-1) ?? "";
    refuse(
      config,
      path,
      `is a secret, and others may read this file: chmod 600 it, or use ${key}_file or "\${NAME}"`,
    );
  }
  return { from: "config", value: new Secret(word) };
}

/** Reads the secret as it is now. @throws PilotlightError `config_invalid` */
export async function readSecret(ref: SecretRef, what: string, env: Environment): Promise<Secret> {
  switch (ref.from) {
    case "file":
      return readSecretFile(ref.path, `${what} file`);
    case "config":
      return ref.value;
    case "environment": {
      const value = env[ref.name]?.trim() ?? "";
      if (value === "") {
        throw new PilotlightError("config_invalid", `${what}: ${ref.name} is not set`);
      }
      return new Secret(value);
    }
  }
}
