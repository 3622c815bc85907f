/** What a run said of a failed request: Claude Code's words and names, never the model's. */
export interface FailureReport {
  /** As it was said, tokens included: scrub before it is shown. */
  readonly text: string;
  readonly httpStatus: number | null;
  readonly errorType: string | null;
  readonly category: string | null;
  readonly reason: string | null;
  readonly terminalReason: string | null;
  readonly requestId: string | null;
  /** Epoch ms at which a limit ends. */
  readonly resetsAt: number | null;
  /** False: mere text that looks like Claude Code's. */
  readonly isCertain: boolean;
}

/** A report of `text`, and of what else is known. */
export function failureReport(text: string, known: Partial<FailureReport> = {}): FailureReport {
  return {
    text: text.slice(0, TEXT_LIMIT),
    httpStatus: null,
    errorType: null,
    category: null,
    reason: null,
    terminalReason: null,
    resetsAt: null,
    isCertain: true,
    ...known,
    requestId: known.requestId ?? requestIdIn(text),
  };
}

/** Characters of a failure text that are looked at; an edge network's page can be long. */
export const TEXT_LIMIT = 8192;

/** Finds the `req_…` by which support knows a request. */
function requestIdIn(text: string): string | null {
  const quoted = /"request_?id"\s*:\s*"([\w-]{4,80})"/i.exec(text)?.[1];
  return quoted ?? /\breq_[\w-]{4,80}/.exec(text)?.[0] ?? null;
}

/** What `--output-format` takes. */
export type OutputFormat = "text" | "json" | "stream-json";

/** What a run's stdout told. */
export interface OutputEvidence {
  readonly format: OutputFormat;
  /** Anything but white space. */
  readonly hasOutput: boolean;
  /** Anything in JSON, or what set out to be; `false` of mere text. */
  readonly hasJson: boolean;
  /** The last `result`: whether it is an error, and whether there is anything in it. `null` where there was none. */
  readonly result: { readonly isError: boolean; readonly isEmpty: boolean } | null;
  /** Of the last result or API error. */
  readonly failure: FailureReport | null;
  /** All of it, where it is mere text and no longer than `TEXT_LIMIT`. */
  readonly text: string | null;
  readonly sessionId: string | null;
  /** Epoch ms at which the login itself ends, where the result says so. */
  readonly loginEndsAt: number | null;
  readonly apiKeySource: string | null;
  readonly isGateway: boolean | null;
  /** What it shows the run to have done, as far as the format shows such things. */
  readonly shown: RunTraces;
  /** False: too long to be read whole. */
  readonly isComplete: boolean;
}

/** What a run has done that must not be done twice. `null`: this source cannot tell. */
export interface RunTraces {
  readonly toolUse: boolean | null;
  /** A message of the model's own, in contrast to Claude Code's reports of API errors. */
  readonly assistantMessage: boolean | null;
}

/** What the session files that a run wrote tell. */
export interface SessionEvidence {
  /** `found`: the run's own. `several`: it is not known which is, or whether the only one is. */
  readonly state: "none" | "found" | "several" | "unreadable";
  readonly sessionId: string | null;
  readonly paths: readonly string[];
  readonly traces: RunTraces;
  /** True when its last message is the model's. */
  readonly hasAnswer: boolean;
  /** True when that message holds words, and not only the use of a tool. */
  readonly hasLastWord: boolean;
  /** Its last message, where that is an API error; of several files, none. */
  readonly failure: FailureReport | null;
}

/** Nothing was written, or nothing was looked for. */
export const NO_SESSION: SessionEvidence = {
  state: "none",
  sessionId: null,
  paths: [],
  traces: { toolUse: null, assistantMessage: null },
  hasAnswer: false,
  hasLastWord: false,
  failure: null,
};

/** All that is known of a run's end. */
export interface RunParts {
  /** Whether the command is Claude Code itself; of any other, only its exit and its session file count. */
  readonly isClaude: boolean;
  /** `null` when a signal ended it. */
  readonly exit: number | null;
  readonly output: OutputEvidence | null;
  readonly session: SessionEvidence;
  /** The whole of stderr, where it is short. */
  readonly stderr?: string;
  /** Known from elsewhere: ANTHROPIC_BASE_URL leads away from Anthropic. */
  readonly isGateway?: boolean;
  /** Known from elsewhere: the store is blanked or its login has ended. */
  readonly isStoreDead?: boolean;
  /** Somebody told it to end, so that it may have nothing to say. */
  readonly isInterrupted?: boolean;
}

/** What recognition decides on. */
export interface RunEvidence {
  readonly exit: number | null;
  readonly failure: FailureReport | null;
  readonly stderr: string;
  readonly isSilent: boolean;
  readonly apiKeySource: string | null;
  readonly isGateway: boolean;
  readonly isStoreDead: boolean;
}

/**
 * Weighs the sources: a `result` decides; without one, the end of the session file; without that, text
 * that is nothing but a failure message, and only of a run that failed.
 */
export function runEvidence(parts: RunParts): RunEvidence {
  const { exit, output } = parts;
  return {
    exit,
    failure: failureOf(parts),
    stderr: (parts.stderr ?? "").slice(0, TEXT_LIMIT),
    isSilent: isSilent(parts),
    apiKeySource: output?.apiKeySource ?? null,
    isGateway: parts.isGateway === true || output?.isGateway === true,
    isStoreDead: parts.isStoreDead ?? false,
  };
}

function failureOf({ isClaude, exit, output, session, stderr }: RunParts): FailureReport | null {
  const written = session.state === "found" ? session.failure : null;
  if (!isClaude) return exit === 0 ? null : written;
  const result = output?.result ?? null;
  if (output?.failure && result?.isError !== false) return enriched(output.failure, written);
  if (result !== null) return null;
  // Words where JSON was asked for may be anybody's; the session file still tells.
  if (exit === 0 && output?.hasOutput === true && output.format === "text") return null;
  if (written !== null) return enriched(written, output?.failure ?? null);
  // The model had the last word, so whatever looks like a failure message is a quotation.
  if (exit === 0 || (session.state === "found" && session.hasLastWord)) return null;
  const text = output?.hasOutput === true ? output.text : (stderr ?? null);
  return text === null ? null : failureReport(text.trim(), { isCertain: false });
}

/** The names that one source leaves out stand in the other. */
function enriched(report: FailureReport, other: FailureReport | null): FailureReport {
  if (other === null) return report;
  return {
    ...report,
    httpStatus: report.httpStatus ?? other.httpStatus,
    errorType: report.errorType ?? other.errorType,
    category: report.category ?? other.category,
    reason: report.reason ?? other.reason,
    requestId: report.requestId ?? other.requestId,
    resetsAt: report.resetsAt ?? other.resetsAt,
  };
}

function isSilent({ isClaude, exit, output, session, isInterrupted }: RunParts): boolean {
  if (isInterrupted === true || !isClaude || exit !== 0 || output === null || !output.isComplete)
    return false;
  if (session.hasAnswer) return false;
  if (output.result !== null) return !output.result.isError && output.result.isEmpty;
  // Words where JSON was asked for are somebody's answer, though not the one that was asked for.
  return output.hasJson || !output.hasOutput;
}

/**
 * True when a run can be repeated without doing anything twice: its own session file shows no tool use
 * and no message of the model's; or it wrote none, and its output shows as much.
 */
export function isSafeToRepeat(output: OutputEvidence, session: SessionEvidence): boolean {
  const { toolUse, assistantMessage } = output.shown;
  if (toolUse === true || assistantMessage === true || !output.isComplete) return false;
  if (session.state === "none") return toolUse === false && assistantMessage === false;
  const { traces } = session;
  return session.state === "found" && traces.toolUse === false && traces.assistantMessage === false;
}
