import { describe, expect, it } from "vitest";
import { audience } from "../../../src/cli/drill/audience.ts";

const NEVER = new AbortController().signal;
/** ms; no test waits for it. */
const LONG = 600_000;

function byHand() {
  let now = 0;
  return { pages: audience(() => now), work: (ms: number) => void (now += ms) };
}

/** Fails if it is over once everything that could end it has had its turn. Waiting that does not end is the runner's to fail. */
async function expectOpen(waiting: Promise<void>): Promise<void> {
  const later = new Promise<false>((resolve) => setTimeout(() => resolve(false), 400));
  expect(await Promise.race([waiting.then(() => true), later])).toBe(false);
}

describe("the pages that look on", () => {
  it("are waited for until the first one comes", async () => {
    const { pages } = byHand();
    const waiting = pages.come(LONG, NEVER);
    await expectOpen(waiting);
    pages.add(() => undefined);
    await waiting;
  });

  it("are waited for so long and no longer", async () => {
    const { pages, work } = byHand();
    const waiting = pages.come(30_000, NEVER);
    work(29_999);
    await expectOpen(waiting);
    work(1);
    await waiting;
  });

  it("are not waited for once that is given up", async () => {
    const { pages } = byHand();
    const ending = new AbortController();
    const all = [pages.come(LONG, ending.signal), pages.leave(LONG, ending.signal)];
    ending.abort();
    await Promise.all(all);
  });

  it("keep it open while one is there, and some seconds more, for one may be loaded anew", async () => {
    const { pages, work } = byHand();
    const leave = pages.add(() => undefined);
    const waiting = pages.leave(LONG, NEVER);
    work(60_000);
    await expectOpen(waiting);
    leave();
    work(5_000);
    await expectOpen(waiting);
    const again = pages.add(() => undefined);
    again();
    work(5_000);
    await expectOpen(waiting);
    work(1);
    await waiting;
  });

  it("do not keep it open where none ever came, or for longer than it may be", async () => {
    const { pages, work } = byHand();
    await pages.leave(LONG, NEVER);
    pages.add(() => undefined);
    const waiting = pages.leave(LONG, NEVER);
    work(LONG);
    await waiting;
  });

  it("are told of every change", () => {
    const { pages } = byHand();
    let told = 0;
    const leave = pages.add(() => void (told += 1));
    pages.call();
    leave();
    pages.call();
    expect(told).toBe(1);
  });
});
