import { describe, expect, it } from "vitest";
import { Secret } from "../../../src/core/secret.ts";
import { SESSION, sessions } from "../../../src/http/renew/sessions.ts";

const PHRASE = "TEST correct horse battery staple";
const MINUTE = 60_000;

function opened() {
  let time = 1_000_000;
  let count = 0;
  const all = sessions({
    passphrase: new Secret(PHRASE),
    now: () => time,
    newId: () => `session-${(count += 1)}`,
  });
  return { ...all, pass: (ms: number) => void (time += ms) };
}

describe("a session of the renew page", () => {
  it("is opened by the passphrase, for one login and a quarter of an hour", () => {
    const { admit, isOpen, pass } = opened();
    expect(admit("bot", PHRASE)).toEqual({ kind: "open", id: "session-1" });
    expect(isOpen("bot", "session-1")).toBe(true);
    expect(isOpen("other", "session-1")).toBe(false);
    expect(isOpen("bot", "session-2")).toBe(false);
    expect(isOpen("bot", undefined)).toBe(false);
    pass(SESSION - 1);
    expect(isOpen("bot", "session-1")).toBe(true);
    pass(1);
    expect(isOpen("bot", "session-1")).toBe(false);
  });

  it.each(["", "TEST", `${PHRASE} `, PHRASE.toUpperCase()])("is not opened by %j", (guess) => {
    expect(opened().admit("bot", guess)).toEqual({ kind: "wrong" });
  });

  it("is closed to everybody for a minute after five wrong ones, then for longer and longer", () => {
    const { admit, pass } = opened();
    for (let tries = 0; tries < 5; tries += 1) expect(admit("bot", "no").kind).toBe("wrong");
    expect(admit("bot", PHRASE)).toEqual({ kind: "locked", ms: MINUTE });
    pass(MINUTE);
    for (const minutes of [2, 4, 8, 15, 15]) {
      expect(admit("bot", "no").kind).toBe("wrong");
      expect(admit("bot", PHRASE)).toEqual({ kind: "locked", ms: minutes * MINUTE });
      pass(minutes * MINUTE);
    }
    expect(admit("bot", PHRASE).kind).toBe("open");
    expect(admit("bot", "no").kind).toBe("wrong");
    expect(admit("bot", PHRASE).kind).toBe("open");
  });
});
