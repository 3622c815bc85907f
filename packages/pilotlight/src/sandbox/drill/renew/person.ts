import { type AccountName, ACCOUNTS } from "../../accounts.ts";

/** Somebody in front of the pages that a link leads to. */
export interface Person {
  /** Chooses an account and agrees. @returns the code that is then shown @throws Error for a page that is not as expected */
  agree(account: AccountName): Promise<string>;
  /** Chooses an account and refuses. @throws Error for a page that is not as expected */
  cancel(account: AccountName): Promise<void>;
}

/** Told of each step at once; the words hold no whole code. */
export type Tell = (step: string, said: string) => void;

const CHOICE = /href="([^"]*[?&;]account=[\w-]+)"/g;

/** Plays a person without a browser: reads the pages of the sandbox and does what their links and forms say. */
export function personAt(place: string, tell: Tell): Person {
  async function consent(account: AccountName): Promise<string> {
    const first = await pageOf(await fetch(place), "Who signs in?");
    const choices = [...first.matchAll(CHOICE)].map(([, href = ""]) =>
      href.replaceAll("&amp;", "&"),
    );
    const chosen = choices.find(
      (href) => new URL(href, place).searchParams.get("account") === account,
    );
    if (chosen === undefined) throw new Error(`the page does not offer ${account}`);
    const { email, organizationName } = ACCOUNTS[account];
    tell("account", `${email} in ${organizationName}, one of ${choices.length}`);
    const next = new URL(chosen, place).href;
    const page = await pageOf(await fetch(next), "Let Claude Code use this account?");
    if (!page.includes(email)) throw new Error(`the consent is not that of ${email}`);
    return next;
  }

  const decide = async (address: string, decision: "agree" | "cancel") =>
    fetch(address, { method: "POST", body: new URLSearchParams({ decision }) });

  return {
    async agree(account) {
      const answer = await decide(await consent(account), "agree");
      const page = await pageOf(answer, "Copy this code");
      tell("consent", "agreed");
      const code = /id="code"[^>]*>\s*([^<\s]+)\s*</.exec(page)?.[1];
      if (code === undefined) throw new Error("the page shows no code");
      tell("code", shortened(code));
      return code;
    },
    async cancel(account) {
      await pageOf(await decide(await consent(account), "cancel"), "Nobody was signed in");
      tell("consent", "refused");
    },
  };
}

async function pageOf(answer: Response, heading: string): Promise<string> {
  const text = await answer.text();
  const [, shown = "none"] = /<h1>([^<]*)<\/h1>/.exec(text) ?? [];
  if (shown === heading) return text;
  throw new Error(`a page with "${heading}" was expected; it has "${shown}" (${answer.status})`);
}

function shortened(code: string): string {
  return code
    .split("#")
    .map((part) => `${part.slice(0, 8)}…`)
    .join("#");
}
