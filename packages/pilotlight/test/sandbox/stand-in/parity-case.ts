import type {
  CredentialsDocument,
  Fault,
  Sandbox,
  SandboxOptions,
} from "../../../src/sandbox/index.ts";
import type { StandInVersion } from "../../../src/sandbox/stand-in/build-behaviour.ts";
import type { IsolatedHome } from "../../support/isolated.ts";

/** A count that is not the same in every run of the real build: least and most. */
export type Range = readonly [least: number, most: number];

/** One row of the table: how the scene is set, what is run, and which counts may vary. */
export interface ParityCase {
  readonly title: string;
  /** Seconds that the access token lives; 8 h unless given, 0 for one that has ended. */
  readonly life?: number;
  /** What stands in the credential file; the login as it was issued unless given, `null` for no file. */
  readonly file?: (document: CredentialsDocument) => object | string | null;
  readonly faults?: readonly Fault[];
  readonly meanwhile?: (sandbox: Sandbox) => void;
  readonly env?: (document: CredentialsDocument) => Record<string, string>;
  readonly sandbox?: SandboxOptions;
  /** Each is run after the other; `-p` with JSON output unless given. */
  readonly runs?: readonly (readonly string[])[];
  readonly input?: string;
  /** Done right before the first run. */
  readonly prepare?: (home: IsolatedHome) => void;
  /** ms after which a run is ended by force. */
  readonly limit?: number;
  /** What is mounted read-only. */
  readonly readOnly?: "directory" | "file";
  /** Counts that the real build does not keep to, and why. */
  readonly varies?: {
    readonly tokenPosts?: Range;
    readonly messages?: Range;
    /** Whether the account is named. */
    readonly account?: boolean;
    /** Only of this build. */
    readonly build?: StandInVersion;
    readonly why: string;
  };
  /** The builds it is played with; both unless given. */
  readonly builds?: readonly StandInVersion[];
  /** Why it is played only when everything is required. */
  readonly slow?: string;
}

const HELLO = ["-p", "say hello"];

/** Arguments that several cases use. */
export const RUNS = {
  text: HELLO,
  json: [...HELLO, "--output-format", "json"],
  stream: [...HELLO, "--output-format", "stream-json", "--verbose"],
  list: ["--debug-file", "debug.txt", "mcp", "list"],
  status: ["auth", "status"],
} as const;

export const fault = (name: Fault["name"], times?: number) => ({ faults: [{ name, times }] });
export const revoke = (sandbox: Sandbox) => sandbox.revokeAccess();
export const endLogin = (sandbox: Sandbox) => sandbox.endLogin();
export const noFile = () => null;
