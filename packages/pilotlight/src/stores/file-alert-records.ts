import { join } from "node:path";
import type { Alert } from "../core/alerts/alert.ts";
import { type AlertMemory, EMPTY_ALERT_MEMORY } from "../core/alerts/alert-memory.ts";
import { type Fields, isObject } from "../core/json-object.ts";
import type { DurableFiles } from "../core/ports.ts";
import { readState, writeState } from "./state/state-file.ts";

/** An alert that a channel has still to deliver. Times are epoch ms. */
interface Undelivered {
  readonly channel: string;
  readonly alert: Alert;
  readonly at: number;
}

/** What is kept of a login's alerts between processes. */
interface AlertRecord {
  readonly memory: AlertMemory;
  readonly undelivered: readonly Undelivered[];
}

/** Promises: a resolved `write` survives a crash. One writer at a time: the keeper that has the login. */
export interface AlertRecords {
  /** What cannot be understood reads as nothing: an alert may then come twice. @throws PilotlightError `state_newer`, `state_unreadable` */
  read(login: string): Promise<AlertRecord>;
  /** @throws PilotlightError `cannot_persist` */
  write(login: string, record: AlertRecord): Promise<void>;
}

const NOTHING: AlertRecord = { memory: EMPTY_ALERT_MEMORY, undelivered: [] };

/** `alerts/<login>.json` in the state directory; holds no token. */
export function fileAlertRecords(directory: string, files: DurableFiles): AlertRecords {
  const pathOf = (login: string) => join(directory, "alerts", `${login}.json`);
  return {
    async read(login) {
      const state = await readState(pathOf(login));
      return state.kind === "present" ? parseRecord(state.fields) : NOTHING;
    },
    write: (login, record) => writeState(files, pathOf(login), { ...record }),
  };
}

function parseRecord({ memory, undelivered }: Fields): AlertRecord {
  return {
    memory: isMemory(memory) ? memory : EMPTY_ALERT_MEMORY,
    undelivered: Array.isArray(undelivered) ? undelivered.filter(isUndelivered) : [],
  };
}

function isMemory(value: unknown): value is AlertMemory {
  if (!isObject(value)) return false;
  const { problem, loginEnd, payer } = value;
  if (!isObject(problem) || !isNumberOrNull(problem["goneSince"])) return false;
  return (
    isNullOr(problem["seen"], {
      signature: "string",
      begun: "number",
      since: "number",
      at: "number",
    }) &&
    isNullOr(problem["told"], {
      code: "string",
      isForPeople: "boolean",
      usable: "boolean",
      begun: "number",
      at: "number",
      lastAt: "number",
      count: "number",
    }) &&
    isNullOr(payer, { usual: "string", told: "string" }) &&
    isNullOr(loginEnd, { endsAt: "number" }) &&
    (!isObject(loginEnd) || isNumberOrNull(loginEnd["told"]))
  );
}

const ALERT_TYPES = {
  kind: "string",
  severity: "string",
  topic: "string",
  opens: "boolean",
  login: "string",
  host: "string",
  health: "string",
  code: "string",
  title: "string",
  message: "string",
  at: "number",
  since: "number",
  by: "string",
  isTest: "boolean",
} as const;

function isUndelivered(value: unknown): value is Undelivered {
  if (!isObject(value) || typeof value["channel"] !== "string") return false;
  if (typeof value["at"] !== "number" || !isObject(value["alert"])) return false;
  const { closes, loginEndsAt, step } = value["alert"];
  const areNumbers = isNumberOrNull(loginEndsAt) && isNumberOrNull(step);
  return isNullOr(value["alert"], ALERT_TYPES) && Array.isArray(closes) && areNumbers;
}

function isNullOr(value: unknown, types: Readonly<Record<string, string>>): boolean {
  if (value === null) return true;
  return (
    isObject(value) && Object.entries(types).every(([key, type]) => typeof value[key] === type)
  );
}

function isNumberOrNull(value: unknown): boolean {
  return value === null || typeof value === "number";
}
