import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ErrorCode } from "../../src/core/errors.ts";
import { ClaudeError } from "../../src/orchestrator/claude-error.ts";
import { persist, type Persistence } from "../../src/orchestrator/persist.ts";

const HOUR = 3_600_000;
const USUAL: Persistence = { attempts: 3, budgetMs: 60_000, waitForReset: false };

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

function error(code: ErrorCode, more: Partial<ClaudeError> = {}): ClaudeError {
  const known = { backend: "api", requestId: null, resetsAt: null, isRepeatable: true } as const;
  return new ClaudeError(code, "TEST", { ...known, retry: "wait", ...more });
}

/** Asks what fails so often with these errors, and tells what came of it; waiting takes no time. */
async function asked(
  errors: readonly Error[],
  persistence: Partial<Persistence> = {},
  renew = () => Promise.resolve(true),
) {
  const left = [...errors];
  const repeats: string[] = [];
  const slept: number[] = [];
  let tries = 0;
  const ask = () => {
    tries += 1;
    const next = left.shift();
    return next === undefined ? Promise.resolve("yes") : Promise.reject(next);
  };
  const promise = persist(ask, {
    persistence: { ...USUAL, ...persistence },
    renew,
    signal: new AbortController().signal,
    onRepeat({ code, inMs }) {
      repeats.push(code);
      slept.push(inMs);
    },
    sleep: () => Promise.resolve(),
  });
  const end = await promise.then(
    ({ reply, attempts }) => ({ reply, attempts, thrown: null }),
    (thrown: unknown) => ({ reply: null, attempts: null, thrown }),
  );
  return { ...end, tries, repeats, slept };
}

describe("asking again", () => {
  it("waits longer each time, within a bound", async () => {
    const { reply, attempts, slept } = await asked([error("overloaded"), error("throttled")]);
    expect([reply, attempts]).toEqual(["yes", 3]);
    expect(slept[0]).toBeGreaterThanOrEqual(500);
    expect(slept[0]).toBeLessThanOrEqual(1000);
    expect(slept[1]).toBeGreaterThanOrEqual(1000);
    expect(slept[1]).toBeLessThanOrEqual(2000);
  });

  it("waits as long as the server says", async () => {
    const throttled = error("throttled", { resetsAt: Date.now() + 20_000 });
    expect((await asked([throttled])).slept[0]).toBeGreaterThanOrEqual(20_000);
    const long = error("throttled", { resetsAt: Date.now() + 90_000 });
    expect(await asked([long])).toMatchObject({ thrown: long, tries: 1 });
  });

  it.each<[string, Error, number]>([
    ["what a person has to mend", error("login_ended", { retry: "never" }), 1],
    ["what could be done twice", error("overloaded", { isRepeatable: false }), 1],
    ["an error of somebody else's", new TypeError("TEST"), 1],
    ["a used-up limit", error("usage_limit", { resetsAt: 0 }), 1],
  ])("does not help against %s", async (_what, thrown, tries) => {
    expect(await asked([thrown])).toMatchObject({ thrown, tries, repeats: [] });
  });

  it("waits for the reset of a limit only where that was asked for and fits", async () => {
    const limit = () => error("usage_limit", { resetsAt: Date.now() + HOUR });
    const patient = { waitForReset: true, budgetMs: 2 * HOUR };
    const waited = await asked([limit()], patient);
    expect([waited.reply, waited.slept]).toEqual(["yes", [HOUR]]);
    expect((await asked([limit()], { waitForReset: true })).tries).toBe(1);
    const unknown = error("usage_limit");
    expect((await asked([unknown], patient)).tries).toBe(1);
  });

  it("renews a rejected login once, without waiting", async () => {
    const rejected = error("auth_rejected", { retry: "refresh_and_repeat" });
    expect(await asked([rejected])).toMatchObject({ reply: "yes", slept: [0] });
    expect(await asked([rejected, rejected])).toMatchObject({ thrown: rejected, tries: 2 });
    const dead = await asked([rejected], {}, () => Promise.resolve(false));
    expect(dead).toMatchObject({ thrown: rejected, tries: 1 });
  });

  it("ends with its tries and with its budget", async () => {
    const busy = Array.from({ length: 5 }, () => error("overloaded"));
    expect((await asked(busy)).tries).toBe(3);
    expect((await asked(busy, { attempts: 1 })).tries).toBe(1);
    expect((await asked(busy, { attempts: 9, budgetMs: 600 })).tries).toBeLessThan(3);
  });

  it("is given up at once when the ask is", async () => {
    vi.useRealTimers();
    const leaving = new AbortController();
    const promise = persist(() => Promise.reject(error("overloaded")), {
      persistence: USUAL,
      renew: () => Promise.resolve(true),
      signal: leaving.signal,
      onRepeat: () => setImmediate(() => leaving.abort(new Error("enough"))),
    });
    await expect(promise).rejects.toThrow("enough");
  });
});
