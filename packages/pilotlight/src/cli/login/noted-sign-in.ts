import type { Fingerprint } from "../../core/credential.ts";
import type { Chronicle } from "../chronicle.ts";
import type { SignIn } from "./dialogue.ts";

/** The same sign-in; the history tells what came of it. */
export function notedSignIn<T>(
  begun: SignIn<T>,
  noted: Chronicle,
  entryOf: (done: T) => { readonly code: string; readonly to: Fingerprint | null },
): SignIn<T> {
  const written = async (work: Promise<T>): Promise<T> => {
    try {
      const done = await work;
      noted.note({ kind: "login", ...entryOf(done) });
      return done;
    } finally {
      await noted.write();
    }
  };
  return {
    ...begun,
    give: (pasted) => written(begun.give(pasted)),
    resume: () => written(begun.resume()),
  };
}
