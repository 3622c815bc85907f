export { type Login, type LoginOptions, openLogin } from "./cli/open-login.ts";
export type { CheckedLogin, CheckLimits, CheckState, Remark } from "./core/check-state.ts";
export type { Billing } from "./core/explanation.ts";
export type { Credential, Entry, Fingerprint, Pair, Token, TokenKind } from "./core/credential.ts";
export { tokenKindOf } from "./core/credential.ts";
export {
  type ErrorCode,
  type Mover,
  PilotlightError,
  type Traits,
  TRAITS,
  traitsOf,
} from "./core/errors.ts";
export type { Action, LoginStatus, Source } from "./core/login-status.ts";
export type { Proof } from "./core/proof.ts";
export { exitOf, type Outcome } from "./core/outcome.ts";
export type { Effective, StatusReport } from "./core/status-report.ts";
export type { Phase } from "./core/phase.ts";
export type { Driver, KeeperEvent, Tell } from "./core/ports.ts";
export { Secret } from "./core/secret.ts";
export { type CataloguedVerdict, VERDICTS } from "./core/verdict-catalogue.ts";
export type { RowMatch, VerdictRow } from "./core/verdict-row.ts";
export type { RefreshOptions } from "./core/wanted.ts";
