export type { AccountName } from "./accounts.ts";
export type { Controls, SandboxLogin, SignInOptions } from "./backend.ts";
export type { CredentialsDocument } from "./credentials-document.ts";
export { type Authority, authority, type AuthorityOptions } from "./authority.ts";
export { DroppedConnection } from "./dropped-connection.ts";
export { type Fault, type FaultName, type FaultQueue, FAULTS } from "./fault.ts";
export type { Reply, ReplyBlock, ReplyRequest } from "./reply.ts";
export type { LoggedRequest, Note } from "./request-log.ts";
export {
  type Sandbox,
  type SandboxOptions,
  type SandboxState,
  startSandbox,
} from "./start-sandbox.ts";
export type {
  AccessState,
  GrantCounts,
  Issue,
  LedgerOptions,
  ReusePolicy,
  TokenLedger,
} from "./token-ledger.ts";
