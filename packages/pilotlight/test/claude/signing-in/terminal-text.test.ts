import { describe, expect, it } from "vitest";
import {
  linkIn,
  refusalIn,
  setupTokenIn,
  terminalText,
} from "../../../src/claude/signing-in/terminal-text.ts";

const CHALLENGE = "wYNPMADIm2Wc513rkkB8kzy7UncO9RmJlkN44kUd7J8";
const LINK = `https://claude.com/cai/oauth/authorize?code=true&scope=user%3Ainference&code_challenge=${CHALLENGE}&code_challenge_method=S256&state=IWtMlgQPi9pN`;
const TOKEN = "sk-ant-oat01-TESTmUkyzDj_N2OdH_CTC0Wjc5CF93_7m5FxS3owZF9f_6Wjd";

// As recorded on a terminal of util-linux `script`, 2026-11; the link and the token are invented.
const SHOWN = {
  "2.1.329": {
    link: `\u001b[2GBrowser\u001b[10Gdidn't\u001b[17Gopen?\u001b[39m\r\r\n\r\r\n\u001b]8;id=1mky4q3;${LINK}\u0007\u001b[37m\u001b[2m${LINK}\u001b[22m\u001b[39m\u001b]8;;\u0007\r\r\n\r\r\n\u001b[2GPaste\u001b[8Gcode\u001b[13Ghere\u001b[18Gif\u001b[21Gprompted\r\r\n`,
    token: `\r\u001b[1C\u001b[1A\u001b[K\r\r\n\u001b[2GYour\u001b[7GOAuth\u001b[13Gtoken\u001b[19G(valid\u001b[26Gfor\u001b[30G1\u001b[32Gyear):\r\r\n\r\r\n\u001b[2G\u001b[93m${TOKEN}\u001b[39m\r\r\n\r\r\n\u001b[2G\u001b[37mStore\u001b[8Gthis\u001b[13Gtoken\u001b[19Gsecurely.`,
    refusal:
      "\r\u001b[31m✘\u001b[4GOAuth\u001b[10Gerror:\u001b[17GThat\u001b[22Gcode\u001b[27Gwasn't\u001b[34Gaccepted.\u001b[39m\r\r\n\r\r\n\u001b[2GPress\u001b[8GEnter",
    words: "That code wasn't accepted.",
  },
  "2.1.216": {
    link: `\rBrowser\u001b[1Cdidn't\u001b[1Copen?\r\r\n\r\r\n${LINK}\r\r\n\r\r\n\r\r\n\u001b[1CPaste\u001b[1Ccode\u001b[1Chere\u001b[1Cif\u001b[1Cprompted\u001b[1C>\r\r\n`,
    token: `\r\rYour OAuth token (valid for 1 year):\r\u001b[93m${TOKEN}\u001b[39m\r\r\n`,
    refusal: "\rOAuth\u001b[1Cerror:\u001b[1CRequest\u001b[1Cfailed\r \rPress Enter to retry.\r",
    words: "Request failed",
  },
};

const cutsOf = (text: string) => Array.from({ length: text.length }, (_, at) => at);

describe.each(Object.entries(SHOWN))("what %s shows on a terminal", (_build, shown) => {
  it("gives its link, whole", () => {
    const text = terminalText(shown.link);
    expect(linkIn(text)).toBe(LINK);
    expect(text).toMatch(/paste code/i);
  });

  it("gives its link at no cut of the output but as a whole", () => {
    const found = cutsOf(shown.link).map((end) => linkIn(terminalText(shown.link.slice(0, end))));
    expect([...new Set(found)]).toEqual([null, LINK]);
  });

  it("gives its token, at no cut of the output but as a whole", () => {
    const found = cutsOf(shown.token).map((end) =>
      setupTokenIn(terminalText(shown.token.slice(0, end))),
    );
    expect([...new Set(found)]).toEqual([null, TOKEN]);
  });

  it("gives its words of a refusal, and takes nothing else for one", () => {
    expect(refusalIn(terminalText(shown.refusal))).toBe(shown.words);
    expect(refusalIn(terminalText(shown.link + shown.token))).toBeNull();
  });
});

describe("a link", () => {
  it("that the terminal broke into lines is none", () => {
    const broken = (at: number) => `${LINK.slice(0, at)}\r\n${LINK.slice(at)}\r\n`;
    const whole = cutsOf(LINK).map((at) => linkIn(terminalText(broken(at))));
    const cut = LINK.indexOf("state=") + "state=".length;
    expect(whole.slice(1, cut + 1).every((link) => link === null)).toBe(true);
  });
});

describe("a token", () => {
  it("is none where it stands in a sentence of advice", () => {
    expect(setupTokenIn("export CLAUDE_CODE_OAUTH_TOKEN=<token> (sk-ant-oat01-…)\n")).toBeNull();
  });
});
