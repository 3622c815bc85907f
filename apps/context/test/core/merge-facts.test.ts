import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sameness } from "../../src/core/fact.ts";
import { mergeFacts } from "../../src/core/merge-facts.ts";
import { fact, NOW, reading, stated } from "../support/invented.ts";

let count = 0;
const around = {
  shown: new Set(["m1", "m2", "m3"]),
  now: NOW + 1000,
  newId: () => `new-${(count += 1)}`,
};
const HOME = fact("f1", "Ada lives in London.");

describe("mergeFacts", () => {
  it("adds what is new and cited", () => {
    const { changed, live, tally } = mergeFacts(
      [HOME],
      reading({ added: [stated("Ada  owns a dog.", "m2", "m2", "m3")] }),
      around,
    );
    expect(changed).toEqual([
      {
        id: expect.stringMatching(/^new-/),
        text: "Ada owns a dog.",
        confidence: 0.8,
        sourceMessageIds: ["m2", "m3"],
        createdAt: NOW + 1000,
        updatedAt: NOW + 1000,
        withdrawn: null,
      },
    ]);
    expect(live).toHaveLength(2);
    expect(tally).toMatchObject({ added: 1, rejected: 0 });
  });

  it.each([
    ["no citation", stated("Ada sings.")],
    ["a message that was not shown", stated("Ada sings.", "m9")],
    ["no words", stated(" … ", "m1")],
    ["a retelling", stated("x".repeat(501), "m1")],
    ["no confidence", { ...stated("Ada sings.", "m1"), confidence: Number.NaN }],
  ])("takes nothing with %s", (_what, added) => {
    const { changed, tally } = mergeFacts([HOME], reading({ added: [added] }), around);
    expect([changed, tally]).toEqual([
      [],
      { added: 0, updated: 0, withdrawn: 0, duplicates: 0, rejected: 1 },
    ]);
  });

  it("unites the same fact in other letters, with its citations and the greater confidence", () => {
    const { changed, tally } = mergeFacts(
      [HOME],
      reading({ added: [stated("ada lives in LONDON", "m2")] }),
      around,
    );
    expect(changed).toEqual([
      { ...HOME, confidence: 0.8, sourceMessageIds: ["m1", "m2"], updatedAt: NOW + 1000 },
    ]);
    expect(tally).toMatchObject({ added: 0, duplicates: 1 });
  });

  it("unites two that come in one reading", () => {
    const added = [stated("Ada sings.", "m1"), stated("Ada sings", "m2")];
    const { live } = mergeFacts([], reading({ added }), around);
    expect(live.map(({ sourceMessageIds }) => sourceMessageIds)).toEqual([["m1", "m2"]]);
  });

  it("updates a fact in its place, with the messages that bear out the new words", () => {
    const updated = [{ factId: "f1", ...stated("Ada lives in Turin.", "m2") }];
    const { changed, live } = mergeFacts([HOME], reading({ updated }), around);
    expect(live).toEqual(changed);
    expect(changed).toMatchObject([
      { id: "f1", text: "Ada lives in Turin.", sourceMessageIds: ["m2"], createdAt: NOW },
    ]);
  });

  it("makes one of two facts where an update says the same as another", () => {
    const other = fact("f2", "Ada lives in Turin.");
    const updated = [{ factId: "f1", ...stated("Ada lives in Turin", "m2") }];
    const { live, changed, tally } = mergeFacts([HOME, other], reading({ updated }), around);
    expect(live.map(({ id }) => id)).toEqual(["f2"]);
    expect(changed.find(({ id }) => id === "f1")?.withdrawn?.reason).toBe("the same as f2");
    expect(tally).toMatchObject({ updated: 0, duplicates: 1 });
  });

  it("withdraws what is contradicted, with the reason and the message", () => {
    const withdrawn = [{ factId: "f1", reason: "she moved away", sourceMessageIds: ["m3"] }];
    const { changed, live, tally } = mergeFacts([HOME], reading({ withdrawn }), around);
    expect(live).toEqual([]);
    expect(changed[0]?.withdrawn).toEqual({ at: NOW + 1000, reason: "she moved away (m3)" });
    expect(tally).toMatchObject({ withdrawn: 1 });
  });

  it.each([
    ["no citation", { factId: "f1", reason: "?", sourceMessageIds: [] }],
    ["an unknown fact", { factId: "f9", reason: "?", sourceMessageIds: ["m1"] }],
  ])("withdraws nothing with %s", (_what, one) => {
    const { changed, tally } = mergeFacts([HOME], reading({ withdrawn: [one] }), around);
    expect([changed, tally.rejected]).toEqual([[], 1]);
  });

  it("does not withdraw what the same reading has updated", () => {
    const { live, tally } = mergeFacts(
      [HOME],
      reading({
        updated: [{ factId: "f1", ...stated("Ada lives in Turin.", "m2") }],
        withdrawn: [{ factId: "f1", reason: "moved", sourceMessageIds: ["m2"] }],
      }),
      around,
    );
    expect(live.map(({ text }) => text)).toEqual(["Ada lives in Turin."]);
    expect(tally).toMatchObject({ updated: 1, rejected: 1 });
  });

  it("knows a withdrawn fact anew when it comes true again", () => {
    const gone = fact("f1", "Ada lives in London.", { withdrawn: { at: NOW, reason: "moved" } });
    const added = [stated("Ada lives in London.", "m3")];
    const { live, tally } = mergeFacts([gone], reading({ added }), around);
    expect(tally).toMatchObject({ added: 1, duplicates: 0 });
    expect(live.map(({ id }) => id)).not.toContain("f1");
  });

  it("never holds two equal facts, none without a citation that was shown or known, and is the same twice", () => {
    const word = fc.constantFrom("Ada sings.", "ada sings", "Ada owns a dog", "Ada is away", "");
    const id = fc.constantFrom("m1", "m2", "m8");
    const factId = fc.constantFrom("f1", "f2", "f9");
    const said = fc.record({
      text: word,
      confidence: fc.double(),
      sourceMessageIds: fc.array(id, { maxLength: 3 }),
    });
    const any = fc.record({
      summary: fc.constant("?"),
      added: fc.array(said),
      updated: fc.array(fc.tuple(factId, said).map(([one, rest]) => ({ factId: one, ...rest }))),
      withdrawn: fc.array(
        fc.record({ factId, reason: word, sourceMessageIds: fc.array(id, { maxLength: 2 }) }),
      ),
    });
    fc.assert(
      fc.property(any, (one) => {
        const facts = [fact("f1", "Ada owns a dog"), fact("f2", "Ada is away")];
        let next = 0;
        const own = { ...around, newId: () => `n${(next += 1)}` };
        const { live, changed, tally } = mergeFacts(facts, one, own);
        const words = live.map(({ text }) => sameness(text));
        expect(new Set(words).size).toBe(words.length);
        for (const { sourceMessageIds, confidence } of changed) {
          expect(sourceMessageIds.length).toBeGreaterThan(0);
          expect(sourceMessageIds).not.toContain("m8");
          expect(confidence >= 0 && confidence <= 1).toBe(true);
        }
        const told = one.added.length + one.updated.length + one.withdrawn.length;
        const fates = Object.values(tally).reduce((sum, count) => sum + count, 0);
        expect(fates).toBe(told);
        // The store has what is live: nothing changed without being told.
        const stored = new Map([...facts, ...changed].map((each) => [each.id, each]));
        expect([...stored.values()].filter(({ withdrawn }) => withdrawn === null)).toEqual(live);
      }),
    );
  });
});
