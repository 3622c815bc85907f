/** What a person pasted in answer to a sign-in link: the code to pass on, or why it cannot be one. */
export type PastedCode =
  | { readonly kind: "code"; readonly code: string }
  /** What is wrong and what to do, as a sentence without its full stop; never quotes what was pasted. */
  | { readonly kind: "wrong"; readonly why: string };

/** Terminals and chat programs break long words into lines, and add quotes. */
const WRAPPING = /[\s\u200B\u00AD"'`<>]+/g;

/**
 * Reads `CODE#STATE` as the browser shows it after the consent (measured on 2.1.329 and 2.1.216, 2026-11: Claude Code
 * takes it from stdin, asks again without the `#`, and does not compare the state, so it is compared here).
 * @param link the link that the code must belong to
 */
export function readPastedCode(text: string, link: string): PastedCode {
  const pasted = text.replace(WRAPPING, "");
  if (pasted === "") return wrong("nothing was pasted");
  if (/^https?:/i.test(pasted)) {
    return wrong(
      "that is a link; open it, agree there, and paste the code that is shown afterwards",
    );
  }
  if (pasted.startsWith("sk-ant-")) {
    return wrong("that is a token, not the code of a sign-in; do not share it");
  }
  const [code = "", state = "", ...more] = pasted.split("#");
  if (state === "" || code === "" || more.length > 0) {
    return wrong("the code has two parts with a # between them; copy all of it");
  }
  const expected = URL.parse(link)?.searchParams.get("state") ?? null;
  if (expected !== null && state !== expected) {
    const isPart = expected.startsWith(state);
    return wrong(
      isPart
        ? "the end of the code is missing; copy all of it"
        : "this code belongs to another link; open the present one",
    );
  }
  return { kind: "code", code: `${code}#${state}` };
}

function wrong(why: string): PastedCode {
  return { kind: "wrong", why };
}
