import { PilotlightError } from "../../../src/core/errors.ts";
import type { BeginSignIn, OpenSignIn } from "../../../src/http/renew/renewal.ts";
import { Secret } from "../../../src/core/secret.ts";
import type { RenewFace } from "../../../src/http/keep-face.ts";
import { renewals } from "../../../src/http/renew/renewals.ts";
import { HOUR, NOW } from "../small-keeper.ts";

export const LINK = "https://claude.example/oauth/authorize?state=of-the-link&code_challenge=S256";
export const CODE = "TEST-code-of-the-browser-0123456789#TEST-state-of-the-link-0123456789";

/** A sign-in that only remembers; what its steps come to can be chosen. */
export interface SmallSignIn {
  readonly begin: BeginSignIn;
  /** What it was asked for, in order. */
  readonly asked: string[];
  link: string | null;
  /** Resolves or rejects what begins next. */
  starting: () => Promise<void>;
  giving: () => Promise<void>;
  isOpen: boolean;
}

export function smallSignIn(): SmallSignIn {
  const done = { loginEndsAt: NOW + 25 * 24 * HOUR };
  const scene: SmallSignIn = {
    asked: [],
    link: LINK,
    starting: () => Promise.resolve(),
    giving: () => Promise.resolve(),
    isOpen: true,
    async begin(login, signal) {
      scene.asked.push(`begin ${login}`);
      signal.addEventListener("abort", () => scene.asked.push("abort"));
      await scene.starting();
      return signIn;
    },
  };
  const signIn: OpenSignIn = {
    get link() {
      return scene.link;
    },
    async give(pasted) {
      scene.asked.push(`give ${pasted}`);
      await scene.giving();
      return done;
    },
    async resume() {
      scene.asked.push("resume");
      return done;
    },
    isOpen: () => scene.isOpen,
    async close() {
      scene.asked.push("close");
    },
  };
  return scene;
}

export const ID = "link-of-the-page";
export const PHRASE = "TEST correct horse battery staple";

/** A face's part in renewals, for a login `bot` whose link is `ID`. */
export function smallRenew(): RenewFace {
  return {
    renewals: renewals({
      beginSignIn: smallSignIn().begin,
      patience: 60_000,
      told: () => undefined,
    }),
    page: {
      passphrase: new Secret(PHRASE),
      isCurrent: async (login, id) => login === "bot" && id === ID,
      newId: () => "TEST-session",
      monotonic: () => 0,
    },
  };
}

export const rejected = (why: string) => () =>
  Promise.reject(new PilotlightError("code_rejected", why));
