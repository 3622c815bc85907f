import { createHash } from "node:crypto";
import { html, raw } from "hono/html";

/** Markup whose variable parts are escaped. */
export type Markup = ReturnType<typeof html>;

const STYLE = `:root{color-scheme:light dark;font:1.0625rem/1.5 system-ui,sans-serif;background:Canvas;color:CanvasText}
body{margin:0 auto;max-width:28rem;padding:1.5rem 1rem}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .75rem}
header,main>p,main>ul,form{margin:0 0 1.25rem}
header{border-left:.25rem solid;padding-left:.75rem;font-size:.9375rem}
ul{padding-left:1.25rem}
ul.choices{list-style:none;padding:0}
a,button{font:inherit}
.choices a,button{display:block;box-sizing:border-box;width:100%;min-height:2.75rem;margin:0 0 .75rem;padding:.625rem 1rem;border:1px solid;border-radius:.5rem;background:Canvas;color:CanvasText;text-align:left;text-decoration:none;overflow-wrap:anywhere}
button{text-align:center;cursor:pointer}
button.yes{background:CanvasText;color:Canvas;font-weight:600}
:focus-visible{outline:.1875rem solid Highlight;outline-offset:.125rem}
.choices span{display:block}
code{overflow-wrap:anywhere}
#code{display:block;padding:.75rem;border:1px solid;border-radius:.5rem;font-size:1.0625rem;user-select:all}`;

const STYLE_SOURCE = `'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`;

/** A whole page: one heading, no script, and a word on what it is not. */
export function page(title: string, content: Markup): Markup {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} – Pilotlight's sandbox</title>
        ${raw(`<style>${STYLE}</style>`)}
      </head>
      <body>
        <header>
          Pilotlight's sandbox: everybody here is invented, and no password is asked for.
        </header>
        <main>
          <h1>${title}</h1>
          ${content}
        </main>
      </body>
    </html>`;
}

/** Nothing is loaded, run or framed. Chromium holds a form to where its answer leads, too. */
export function pageHeaders(formTargets: readonly string[] = []): Record<string, string> {
  const policy = [
    "default-src 'none'",
    `style-src ${STYLE_SOURCE}`,
    `form-action ${["'self'", ...formTargets].join(" ")}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    "content-security-policy": policy.join("; "),
    "cache-control": "no-store",
    // The address of the last page holds the code. With `no-referrer` a form would not say where it is from.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
  };
}
