import type { PageAssets } from "./asset.ts";

const ICON = encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="#d9720a" d="M8.6.8c.5 2.6-.6 3.9-1.8 5.3-1.3 1.5-2.6 2.9-2.6 5.1a3.9 3.9 0 0 0 7.7.1c.2-2.5-1.3-4-2-5.6-.4 1.1-.8 1.7-1.6 2.2.9-2.5 1.1-5-.7-7.1z"/></svg>',
);

/** The one document behind every page. It holds nothing of what is known: its script asks for that. */
export function shell({ script, style }: PageAssets): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>Pilotlight</title>
<link rel="icon" href="data:image/svg+xml,${ICON}">
<link rel="stylesheet" href="/assets/${style}">
<script type="module" src="/assets/${script}"></script>
</head>
<body>
<a class="skip" href="#main">Skip to the state of the logins</a>
<header class="top" id="top"></header>
<main id="main" tabindex="-1">
<noscript><p>This page needs its script. Without it: <a href="/healthz">/healthz</a> says how the logins are.</p></noscript>
</main>
<footer class="foot" id="foot"></footer>
</body>
</html>
`;
}
