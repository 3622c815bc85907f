import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type ErrorCode, TRAITS, traitsOf } from "../../src/core/errors.ts";
import { VERDICTS } from "../../src/core/verdict-catalogue.ts";

const words = z.array(z.string().min(1)).min(1);
const fact = z.boolean();

const MATCH = z
  .strictObject({
    text: words,
    stderr: words,
    cause: words,
    httpStatus: z.array(z.int().min(100).max(599)).min(1),
    errorType: words,
    category: words,
    reason: words,
    terminalReason: words,
    apiKeySource: words,
    hasReset: fact,
    isGateway: fact,
    isStoreDead: fact,
    isSilent: fact,
    via: z.array(z.enum(["cli", "endpoint"])).min(1),
    oauthError: words,
    body: z.array(z.enum(["json", "other"])).min(1),
    errno: z.array(z.string().regex(/^[A-Z0-9_]+$/)).min(1),
    isAnswered: fact,
    isHollow: fact,
    isRunning: fact,
    store: words,
  })
  .partial();

const VERSION = z
  .string()
  .regex(/^\d+\.\d+\.\d+$/)
  .nullable();

const VERDICT = z.strictObject({
  id: z.string().regex(/^[a-z]+(-[a-z]+)*$/),
  subject: z.enum(["run", "refresh", "store"]),
  symptom: z.string().min(10),
  code: z.enum(["job_failed", "unknown_failure", ...(Object.keys(TRAITS) as ErrorCode[])]),
  match: z.array(MATCH).min(1),
  severity: z.enum(["info", "warning", "critical"]),
  whoMoves: z.enum(["nobody", "wait", "pilotlight", "person", "admin"]),
  steps: words,
  retry: z.enum(["refresh_and_repeat", "look_again", "wait", "never"]),
  grant: z.enum(["stands", "in_doubt", "ended"]).nullable(),
  exit: z.enum(["code", "child"]),
  exitCode: z.int().nullable(),
  fm: z.array(z.string().regex(/^FM-\d\d$/)),
  since: VERSION,
  until: VERSION,
  examples: z.array(z.string()),
  note: z.string(),
});

const CATALOGUE = z.strictObject({
  schema: z.literal("pilotlight.verdicts/v1"),
  version: z.int().min(1),
  verdicts: z.array(VERDICT).min(50),
});

describe("the verdicts as they are published", () => {
  it("keep their schema, as a value and as the file in docs", () => {
    expect(CATALOGUE.parse(VERDICTS)).toEqual(VERDICTS);
    const file = new URL("../../../../docs/verdicts.json", import.meta.url);
    expect(CATALOGUE.parse(JSON.parse(readFileSync(file, "utf8")))).toEqual(VERDICTS);
  });

  it("name the exit status of their code, or none where the child's counts", () => {
    for (const { id, exit, code, exitCode } of VERDICTS.verdicts) {
      const expected = exit === "child" ? null : traitsOf(code as ErrorCode).exit;
      expect([id, exitCode]).toEqual([id, expected]);
    }
  });
});
