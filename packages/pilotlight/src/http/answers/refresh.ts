import { PilotlightError } from "../../core/errors.ts";
import {
  failedRefresh,
  failureIn,
  type RefreshReport,
  type RefreshResult,
  refreshResult,
} from "../../core/refresh-report.ts";
import type { KeepView } from "../keep-view.ts";
import { failureOf, problemResponse } from "../problem.ts";
import { jsonAnswer } from "./json-answer.ts";

/** Renews one login and answers with what came of it: a problem, with the same members, where it failed. */
export async function refreshAnswer(
  view: KeepView,
  login: string,
  wish: { readonly force: boolean },
): Promise<Response> {
  const started = performance.now();
  const driver = view.logins().find(({ name }) => name === login)?.view?.driver ?? null;
  const reportOf = (result: RefreshResult): RefreshReport => {
    const durationMs = Math.round(performance.now() - started);
    return { schema: "pilotlight.refresh/v1", login, ...result, driver, durationMs };
  };
  try {
    const outcome = await view.refresh(login, wish);
    const report = reportOf(refreshResult(outcome));
    const failure = failureIn(outcome);
    if (failure === null) return jsonAnswer(report);
    return problemResponse(failureOf(failure.code, failure.detail), {}, report);
  } catch (error) {
    // A bug is told to the log, and its words to nobody else.
    if (!(error instanceof PilotlightError) || error.code === "bug") throw error;
    const report = reportOf(failedRefresh(error.code));
    return problemResponse(failureOf(error.code, error.message), {}, report);
  }
}
