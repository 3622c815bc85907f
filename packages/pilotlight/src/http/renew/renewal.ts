import { type ErrorCode, PilotlightError } from "../../core/errors.ts";

/** What a sign-in brought. */
interface Renewed {
  /** Epoch ms. */
  readonly loginEndsAt: number | null;
}

/** A sign-in that waits for its code, as `cli/login` carries it out. */
export interface OpenSignIn {
  /** What a person has to open; `null` where a completed sign-in was found, and no person is needed. */
  readonly link: string | null;
  /** @throws PilotlightError `code_rejected` while `isOpen` says that another code may be given */
  give(pasted: string): Promise<Renewed>;
  /** Proves and stores the sign-in that was found. */
  resume(): Promise<Renewed>;
  isOpen(): boolean;
  close(): Promise<void>;
}

/** @param signal gives up what waits for a person */
export type BeginSignIn = (login: string, signal: AbortSignal) => Promise<OpenSignIn>;

/** How the renewal of a login stands. */
export type RenewalState =
  | { readonly kind: "starting" }
  | {
      readonly kind: "waiting";
      readonly link: string;
      /** Why the code before could not be one. */
      readonly complaint: string | null;
    }
  | { readonly kind: "proving" }
  /** `loginEndsAt` in epoch ms. */
  | { readonly kind: "signed_in"; readonly loginEndsAt: number | null }
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly detail: string };

/** The renewal of one login: whoever may renew it sees the same one, on whatever device. */
export interface Renewal {
  /** `null` while nobody has begun one. */
  state(): RenewalState | null;
  /** Begins a sign-in, unless one is under way. */
  begin(): void;
  /** Passes on what a person pasted. Nothing happens unless a code is waited for. */
  give(pasted: string): void;
  /** Resolves when it waits for a person or is over; after `ms` at most. */
  settled(ms: number): Promise<void>;
  /** Gives up what waits for a person; resolves when nothing is under way any more. */
  stop(why: string): Promise<void>;
}

export interface RenewalParts {
  readonly login: string;
  readonly beginSignIn: BeginSignIn;
  /** ms that a code is waited for. */
  readonly patience: number;
  /** Told of every change. */
  readonly told: (login: string, state: RenewalState) => void;
}

export function renewal({ login, beginSignIn, patience, told }: RenewalParts): Renewal {
  let state: RenewalState | null = null;
  let signIn: OpenSignIn | null = null;
  let giveUp = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let work = Promise.resolve();

  const become = (next: RenewalState): void => {
    state = next;
    told(login, next);
  };
  const close = async (): Promise<void> => {
    clearTimeout(timer);
    await signIn?.close();
    signIn = null;
  };
  const fail = async (error: unknown): Promise<void> => {
    await close();
    const { aborted, reason } = giveUp.signal;
    const [code, detail] =
      error instanceof PilotlightError ? ([error.code, error.message] as const) : bug(error);
    if (aborted && code !== "code_rejected")
      become({ kind: "failed", code: "sign_in_failed", detail: String(reason) });
    else become({ kind: "failed", code, detail });
  };
  const finish = async (proof: Promise<Renewed>): Promise<void> => {
    const { loginEndsAt } = await proof;
    await close();
    become({ kind: "signed_in", loginEndsAt });
  };
  const start = async (): Promise<void> => {
    signIn = await beginSignIn(login, giveUp.signal);
    giveUp.signal.throwIfAborted();
    if (signIn.link !== null)
      return become({ kind: "waiting", link: signIn.link, complaint: null });
    become({ kind: "proving" });
    await finish(signIn.resume());
  };
  const stop = async (why: string): Promise<void> => {
    giveUp.abort(why);
    if (state?.kind === "waiting") await fail(new PilotlightError("sign_in_failed", why));
    await work;
  };

  return {
    state: () => state,
    begin() {
      if (isUnderWay(state)) return;
      giveUp = new AbortController();
      timer = setTimeout(() => void stop("no code came in time"), patience);
      timer.unref();
      become({ kind: "starting" });
      work = start().catch(fail);
    },
    give(pasted) {
      const open = signIn;
      if (state?.kind !== "waiting" || open === null) return;
      const { link } = state;
      become({ kind: "proving" });
      work = finish(open.give(pasted)).catch((error: unknown) => {
        if (!(error instanceof PilotlightError) || !open.isOpen()) return fail(error);
        return become({ kind: "waiting", link, complaint: error.message });
      });
    },
    async settled(ms) {
      let alarm: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        alarm = setTimeout(resolve, ms);
      });
      await Promise.race([work, late]);
      clearTimeout(alarm);
    },
    stop,
  };
}

function isUnderWay(state: RenewalState | null): boolean {
  return state !== null && state.kind !== "signed_in" && state.kind !== "failed";
}

function bug(error: unknown): readonly ["bug", string] {
  return ["bug", String(error)];
}
