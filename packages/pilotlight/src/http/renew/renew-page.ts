import { html } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";
import { traitsOf } from "../../core/errors.ts";
import { capitalised, sentence } from "../../core/sentence.ts";
import { discreet } from "../../core/discreet.ts";
import type { RenewalState } from "./renewal.ts";

/** Where the pages of a renewal send their forms. */
export interface RenewPlaces {
  readonly login: string;
  /** The page itself: a passphrase is sent there. */
  readonly page: string;
  readonly code: string;
  readonly again: string;
}

type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

/** Asks whose link it is. @param end when the login ends, for people; `null` where that is not known */
export function passphrasePage(
  { login, page }: RenewPlaces,
  end: string | null,
  complaint: string | null,
): Html {
  return document(
    `Sign in again: ${login}`,
    html`${end === null ? "" : html`<p>This login ${end}.</p>`}
      <form method="post" action="${page}">
        ${complaintOf(complaint)}
        <input hidden name="username" autocomplete="username" value="pilotlight" />
        <label for="passphrase">Passphrase of this keeper</label>
        <input
          id="passphrase"
          name="passphrase"
          type="password"
          autocomplete="current-password"
          required
        />
        <button>Sign in again</button>
      </form>
      <p class="quiet">
        Then: a link to Anthropic's own page, and one field for the code it shows.
      </p>`,
  );
}

/** How a renewal stands, and what a person has to do next. */
export function statePage(places: RenewPlaces, state: RenewalState | null): Html {
  const { login } = places;
  switch (state?.kind) {
    case "waiting":
      return waitingPage(places, state);
    case "starting":
      return pendingPage(places, `Signing in to ${login}`, "Claude Code is starting …");
    case "proving":
      return pendingPage(places, `Proving ${login}`, "The new login is being proved and stored …");
    case "signed_in":
      return document(
        `Signed in: ${login}`,
        html`<p class="well" role="status">The new login is proved and in use${endOf(state)}.</p>
          <p>There is nothing else to do. This page can be closed.</p>`,
      );
    case "failed": {
      const { what, fix } = traitsOf(state.code);
      return document(
        `Not signed in: ${login}`,
        html`<p class="trouble" role="alert">
            <strong>${sentence(what)}</strong> ${sentence(discreet(state.detail))}
          </p>
          <p>${sentence(fix)} The present login is as it was.</p>
          ${againForm(places, "Begin again")}`,
      );
    }
    default:
      return document(
        `Sign in again: ${login}`,
        html`<p>Nobody is signing in just now.</p>
          ${againForm(places, "Sign in again")}`,
      );
  }
}

/** A page without a way on. */
export function noticePage(title: string, words: string): Html {
  return document(title, html`<p>${words}</p>`);
}

function waitingPage(
  { login, code }: RenewPlaces,
  { link, complaint }: Extract<RenewalState, { kind: "waiting" }>,
): Html {
  return document(
    `Sign in to ${login}`,
    html`<h2>1. Agree</h2>
      <a class="button" id="link" href="${link}" target="_blank" rel="noopener noreferrer">
        Open Anthropic's page
      </a>
      <p class="quiet">
        Sign in there with the account of this login. It shows a code: copy it, and come back.
      </p>
      <h2>2. Paste the code</h2>
      <form method="post" action="${code}">
        ${complaintOf(complaint)}
        <label for="code">The code that was shown</label>
        <input
          id="code"
          name="code"
          type="text"
          autocomplete="off"
          autocapitalize="off"
          autocorrect="off"
          spellcheck="false"
          required
        />
        <button>Prove and store it</button>
      </form>
      <p class="quiet">
        It goes to Claude Code on this server, and nowhere else. The present login stays in use
        until the new one is proved.
      </p>`,
  );
}

function pendingPage({ page }: RenewPlaces, title: string, words: string): Html {
  return document(
    title,
    html`<p role="status" data-pending>${words}</p>
      <p><a href="${page}">Look again</a></p>`,
  );
}

function againForm({ again }: RenewPlaces, words: string): Html {
  return html`<form method="post" action="${again}"><button>${words}</button></form>`;
}

function complaintOf(complaint: string | null): Html | "" {
  if (complaint === null) return "";
  return html`<p class="trouble" role="alert">${sentence(complaint)}</p>`;
}

function endOf({ loginEndsAt }: Extract<RenewalState, { kind: "signed_in" }>): string {
  if (loginEndsAt === null) return "";
  return `; this login ends on ${new Date(loginEndsAt).toISOString().slice(0, 10)}`;
}

function document(title: string, body: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>${capitalised(title)} – Pilotlight</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/renew.css" />
        <script src="/renew.js" defer></script>
      </head>
      <body>
        <main>
          <h1>${capitalised(title)}</h1>
          ${body}
        </main>
      </body>
    </html>`;
}
