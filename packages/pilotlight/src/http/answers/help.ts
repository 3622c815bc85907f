import { isErrorCode } from "../../core/errors.ts";
import { refuse } from "../route.ts";
import { jsonAnswer } from "./json-answer.ts";

/** What `pilotlight help <code> --json` prints. */
export async function helpAnswer(code: string): Promise<Response> {
  if (!isErrorCode(code)) return refuse("not_found");
  // Hundreds of examples come with it, and few ask.
  const { errorPage, helpReport } = await import("../../core/error-page.ts");
  return jsonAnswer(helpReport(errorPage(code)));
}
