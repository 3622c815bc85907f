import { expect, it } from "vitest";
import { jsonFault } from "../../../src/claude/precedence/json-place.ts";

const VALID = ["{}", "[]", "0", '"a"', ' {"a": [1, -2.5e+3, true, null, {"b": "\\u00e9\\n é"}]}\n'];

it("finds nothing in JSON", () => {
  for (const text of VALID) expect([text, jsonFault(text)]).toEqual([text, null]);
});

it.each([
  ["", "line 1, column 1"],
  ['{"a": 1,}', "line 1, column 9"],
  ['{\n "a": x\n}', "line 2, column 7"],
  ['{"a" 1}', "line 1, column 6"],
  ["[1 2]", "line 1, column 4"],
  ['{"a": "b', "line 1, column 7"],
  ["{} x", "line 1, column 4"],
  ["// c\n{}", "line 1, column 1"],
  ["[01]", "line 1, column 2"],
])("finds where %j stops being JSON", (text, place) => {
  expect(jsonFault(text)).toBe(`${place}: it is not JSON`);
  expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
});

it.each([
  ["lists", "[", "]"],
  ["objects", '{"a":', "}"],
])(
  "says where %s are nested too deep, and takes those that are not quite",
  (_what, open, close) => {
    const nested = (depth: number) => `${open.repeat(depth)}0${close.repeat(depth)}`;
    expect(jsonFault(nested(500))).toBeNull();
    const place = `line 1, column ${500 * open.length + 1}`;
    for (const depth of [501, 100_000])
      expect(jsonFault(nested(depth))).toBe(`${place}: it is nested deeper than 500 levels`);
  },
);

it("agrees with JSON.parse on every text that one character spoils", () => {
  const [, , , , text = ""] = VALID;
  for (let at = 0; at < text.length; at += 1)
    for (const odd of ["", '"', "{", ",", "x", "\n", "\\"]) {
      const spoilt = text.slice(0, at) + odd + text.slice(at + 1);
      expect([spoilt, jsonFault(spoilt) === null]).toEqual([spoilt, isJson(spoilt)]);
    }
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
