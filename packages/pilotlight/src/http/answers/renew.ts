import { isoOf } from "../../core/iso-time.ts";
import { failureOf, problemResponse } from "../problem.ts";
import type { RenewalState } from "../renew/renewal.ts";
import { jsonAnswer } from "./json-answer.ts";

/** `pilotlight.renew/v1`: how the renewal of a login by a person stands. */
export interface RenewReport {
  readonly schema: "pilotlight.renew/v1";
  readonly login: string;
  /** `none` while nobody has begun one. */
  readonly state: RenewalState["kind"] | "none";
  /** What a person has to open, while a code is waited for. */
  readonly link: string | null;
  /** Why what was pasted before could not be a code. */
  readonly complaint: string | null;
  /** ISO 8601; of the new login, once it is proved. */
  readonly loginEndsAt: string | null;
}

/** A problem, with the same members, where it failed. */
export function renewAnswer(login: string, state: RenewalState | null): Response {
  const report: RenewReport = {
    schema: "pilotlight.renew/v1",
    login,
    state: state?.kind ?? "none",
    link: state?.kind === "waiting" ? state.link : null,
    complaint: state?.kind === "waiting" ? state.complaint : null,
    loginEndsAt: state?.kind === "signed_in" ? isoOf(state.loginEndsAt) : null,
  };
  if (state?.kind !== "failed") return jsonAnswer(report);
  return problemResponse(failureOf(state.code, state.detail), {}, report);
}
