import { describe, expect, it } from "vitest";
import { readPastedCode } from "../../src/core/sign-in-code.ts";

const LINK = "https://claude.example/oauth/authorize?code=true&state=STATE-abcdef&scope=x";

describe("a pasted code", () => {
  it.each([
    ["as it is", "CODE-123#STATE-abcdef"],
    ["with spaces around it", "  CODE-123#STATE-abcdef \r\n"],
    ["wrapped into lines", "CODE-\n  123#STATE-\r\n  abcdef\n"],
    ["in quotes", "'CODE-123#STATE-abcdef'"],
    ["in a chat program's code marks", "`CODE-123#STATE-abcdef`"],
    ["with invisible breaks", "CODE-\u200B123#STATE-\u00ADabcdef"],
  ])("is taken %s", (_, text) => {
    expect(readPastedCode(text, LINK)).toEqual({ kind: "code", code: "CODE-123#STATE-abcdef" });
  });

  it.each([
    ["nothing", " \n", "nothing was pasted"],
    ["the link itself", LINK, "that is a link"],
    ["a token", "sk-ant-oat01-TEST-x", "that is a token"],
    ["the first part only", "CODE-123", "two parts"],
    ["the first part and the mark", "CODE-123#", "two parts"],
    ["the second part only", "#STATE-abcdef", "two parts"],
    ["two codes", "CODE-123#STATE-abcdef#STATE-abcdef", "two parts"],
    ["a code whose end is missing", "CODE-123#STATE-abc", "the end of the code is missing"],
    ["the code of another link", "CODE-123#STATE-other", "belongs to another link"],
  ])("is refused as %s, and not quoted", (_, text, why) => {
    const read = readPastedCode(text, LINK);
    expect(read).toMatchObject({ kind: "wrong", why: expect.stringContaining(why) });
    expect(JSON.stringify(read)).not.toContain("CODE-123");
  });

  it("of a link without a state is passed on as it is", () => {
    const link = "https://claude.example/oauth/authorize";
    expect(readPastedCode("A#B", link)).toEqual({ kind: "code", code: "A#B" });
  });
});
