import { describe, expect, it, vi } from "vitest";
import { PilotlightError } from "../../../src/core/errors.ts";
import { renewal, type RenewalState } from "../../../src/http/renew/renewal.ts";
import { CODE, LINK, rejected, smallSignIn } from "./a-sign-in.ts";

function opened(patience = 60_000) {
  const scene = smallSignIn();
  const told: RenewalState["kind"][] = [];
  const one = renewal({
    login: "bot",
    beginSignIn: scene.begin,
    patience,
    told: (_, { kind }) => void told.push(kind),
  });
  return { scene, told, one };
}

const WAITING = { kind: "waiting", link: LINK, complaint: null };

describe("a renewal", () => {
  it("waits for a code, passes it on and is over", async () => {
    const { scene, told, one } = opened();
    expect(one.state()).toBe(null);
    one.begin();
    await one.settled(5000);
    expect(one.state()).toEqual(WAITING);
    one.give(CODE);
    await one.settled(5000);
    expect(one.state()).toMatchObject({ kind: "signed_in" });
    expect(scene.asked).toEqual(["begin bot", `give ${CODE}`, "close"]);
    expect(told).toEqual(["starting", "waiting", "proving", "signed_in"]);
  });

  it("is one for all who begin it, and another one once it is over", async () => {
    const { scene, one } = opened();
    one.begin();
    one.begin();
    await one.settled(5000);
    one.begin();
    expect(scene.asked).toEqual(["begin bot"]);
    one.give(CODE);
    one.give(CODE);
    await one.settled(5000);
    expect(scene.asked.filter((what) => what.startsWith("give"))).toHaveLength(1);
    one.begin();
    await one.settled(5000);
    expect(one.state()).toEqual(WAITING);
  });

  it("asks again for what could not be a code", async () => {
    const { scene, one } = opened();
    scene.giving = rejected("the code is half of one");
    one.begin();
    await one.settled(5000);
    one.give("TEST");
    await one.settled(5000);
    expect(one.state()).toEqual({ ...WAITING, complaint: "the code is half of one" });
    scene.giving = () => Promise.resolve();
    one.give(CODE);
    await one.settled(5000);
    expect(one.state()).toMatchObject({ kind: "signed_in" });
  });

  it("is over when the server refuses the code", async () => {
    const { scene, one } = opened();
    one.begin();
    await one.settled(5000);
    scene.giving = rejected("the server does not know it");
    scene.isOpen = false;
    one.give(CODE);
    await one.settled(5000);
    expect(one.state()).toMatchObject({ kind: "failed", code: "code_rejected" });
    expect(scene.asked.at(-1)).toBe("close");
  });

  it("needs nobody where a completed sign-in is found", async () => {
    const { scene, told, one } = opened();
    scene.link = null;
    one.begin();
    await one.settled(5000);
    expect(scene.asked).toEqual(["begin bot", "resume", "close"]);
    expect(told).toEqual(["starting", "proving", "signed_in"]);
  });

  it("says why it could not begin", async () => {
    const { scene, one } = opened();
    scene.starting = () => Promise.reject(new PilotlightError("lock_busy", "somebody else"));
    one.begin();
    await one.settled(5000);
    expect(one.state()).toEqual({ kind: "failed", code: "lock_busy", detail: "somebody else" });
    scene.starting = () => Promise.reject(new TypeError("x is no function"));
    one.begin();
    await one.settled(5000);
    expect(one.state()).toMatchObject({ kind: "failed", code: "bug" });
  });

  it("is given up when no code comes in time", async () => {
    vi.useFakeTimers();
    try {
      const { scene, one } = opened(1000);
      one.begin();
      await vi.advanceTimersByTimeAsync(999);
      expect(one.state()).toEqual(WAITING);
      await vi.advanceTimersByTimeAsync(1);
      const detail = "no code came in time";
      expect(one.state()).toEqual({ kind: "failed", code: "sign_in_failed", detail });
      expect(scene.asked).toEqual(["begin bot", "abort", "close"]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("is stopped while it waits, and waited for once it has its code", async () => {
    const first = opened();
    first.one.begin();
    await first.one.settled(5000);
    await first.one.stop("the keeper ends");
    expect(first.one.state()).toMatchObject({ kind: "failed", detail: "the keeper ends" });

    const second = opened();
    second.one.begin();
    await second.one.settled(5000);
    let finish = () => {};
    second.scene.giving = () => new Promise((resolve) => (finish = resolve));
    second.one.give(CODE);
    const stopped = second.one.stop("the keeper ends");
    finish();
    await stopped;
    expect(second.one.state()).toMatchObject({ kind: "signed_in" });
  });

  it("is stopped while it starts", async () => {
    const { scene, one } = opened();
    let go = () => {};
    scene.starting = () => new Promise((resolve) => (go = resolve));
    one.begin();
    const stopped = one.stop("the keeper ends");
    go();
    await stopped;
    expect(one.state()).toMatchObject({ kind: "failed", code: "sign_in_failed" });
    expect(scene.asked.at(-1)).toBe("close");
  });

  it("does not keep an answer waiting for longer than asked", async () => {
    const { scene, one } = opened();
    scene.starting = () => new Promise(() => undefined);
    one.begin();
    await one.settled(1);
    expect(one.state()).toEqual({ kind: "starting" });
  });
});
