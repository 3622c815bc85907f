import { html } from "hono/html";
import { type AccountName, ACCOUNTS } from "../accounts.ts";
import { type Markup, page } from "./page.ts";

const names = Object.keys(ACCOUNTS) as readonly AccountName[];

/** Each account is a link to the same address with its name added. */
export function accountsView(link: URL): Markup {
  const choices = names.map((name) => {
    const { fullName, email, organizationName } = ACCOUNTS[name];
    return html`<li>
      <a href="${withAccount(link, name)}">
        <strong>${fullName}</strong><span>${email}</span><span>in ${organizationName}</span>
      </a>
    </li>`;
  });
  return page(
    "Who signs in?",
    html`<p>Claude Code asks to use an account of yours.</p>
      <ul class="choices">
        ${choices}
      </ul>`,
  );
}

/** The form posts to its own address. */
export function consentView(link: URL, name: AccountName, scopes: readonly string[]): Markup {
  const { email, organizationName } = ACCOUNTS[name];
  return page(
    "Let Claude Code use this account?",
    html`<p><strong>${email}</strong> in ${organizationName}</p>
      <p>It asks for:</p>
      <ul>
        ${scopes.map((scope) => html`<li><code>${scope}</code></li>`)}
      </ul>
      <form method="post">
        <button class="yes" name="decision" value="agree">Agree</button>
        <button name="decision" value="cancel">Cancel</button>
      </form>
      <p><a href="${withoutAccount(link)}">Use another account</a></p>`,
  );
}

/** One click selects the whole code. */
export function codeView(code: string): Markup {
  return page(
    "Copy this code",
    html`<p id="what">
        Paste all of it, with the part after the #, where the sign-in waits for it.
      </p>
      <code id="code" tabindex="0" aria-describedby="what">${code}</code>`,
  );
}

/** What is wrong, in words, and under which name a program knows it. */
export function problemView(title: string, why: string, error: string): Markup {
  return page(
    title,
    html`<p id="problem">${why}</p>
      <p>The sign-in stays as it was. To try again, open the link of the sign-in that waits.</p>
      <p><code id="error">${error}</code></p>`,
  );
}

function withAccount(link: URL, name: AccountName): string {
  const to = new URL(link);
  to.searchParams.set("account", name);
  return to.pathname + to.search;
}

function withoutAccount(link: URL): string {
  const to = new URL(link);
  to.searchParams.delete("account");
  return to.pathname + to.search;
}
