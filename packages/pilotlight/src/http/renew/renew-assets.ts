/** The renew page's style: for a phone first. */
export const RENEW_STYLE = `:root {
  color-scheme: light dark;
  --ground: #f5f5f2; --paper: #fff; --ink: #1b1d20; --quiet: #595d64; --line: #85898f;
  --act: #1d57b0; --on-act: #fff; --well: #e9f4ee; --trouble: #fbeae8;
  font: 17px/1.5 system-ui, sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #121316; --paper: #1a1c20; --ink: #e9e9e6; --quiet: #a5a9b1; --line: #6c7179;
    --act: #8db9ff; --on-act: #121316; --well: #14261d; --trouble: #311a18;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); }
main { max-width: 32rem; margin: 0 auto; padding: 1.5rem 1.25rem 3rem; }
h1 { font-size: 1.4rem; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 1.75rem 0 .5rem; }
a { color: var(--act); }
label { display: block; margin-bottom: .35rem; font-weight: 600; }
input:not([hidden]) {
  width: 100%; min-height: 3rem; padding: .5rem .75rem; margin-bottom: .75rem; font: inherit;
  color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: .5rem;
}
button, .button {
  display: block; width: 100%; min-height: 3rem; padding: .7rem 1rem; border: 0; border-radius: .5rem;
  font: inherit; font-weight: 600; text-align: center; text-decoration: none; cursor: pointer;
  color: var(--on-act); background: var(--act);
}
:focus-visible { outline: 3px solid var(--act); outline-offset: 2px; }
.quiet { color: var(--quiet); font-size: .9rem; }
.well, .trouble { padding: .75rem 1rem; border-radius: .5rem; background: var(--well); }
.trouble { background: var(--trouble); }
`;

/** Sends a whole code as soon as it is pasted, and looks again while nothing is to be done. The page works without it. */
export const RENEW_SCRIPT = `const field = document.querySelector("#code");
field?.addEventListener("paste", () => setTimeout(() => {
  if (/^\\s*\\S{20,}#\\S{20,}\\s*$/.test(field.value)) field.form.requestSubmit();
}));
if (document.querySelector("[data-pending]")) setTimeout(() => location.reload(), 1500);
`;
