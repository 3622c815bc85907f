const SECRETS: readonly RegExp[] = [
  // Its kind alone is no secret: our own advice names it.
  /sk-ant-(?!(?:oat|ort|api)(?:\d\d)?(?![\w-]))[\w-]+/g,
  // Claude Code quotes a header that it cannot send, line break and all (measured on 2.1.104 and 2.1.216, 2026-11).
  /(?=[^\s"'·])(?<=["':]\s*Bearer\s+)(?!(?:token|header|auth\w*|credentials?|is|was)(?:[\s.,;:"']|$))[^"'·]{4,}?(?=["'·]|$)/gi,
  /(?=[^\s"'·])(?<=\b(?:Bearer|x-api-key)(?:["']?\s*:\s*["']?|\s+["']))[^"'·]{4,}?(?=["'·]|$)/gi,
  // Without quote or colon it may be mere words: "Invalid bearer token", "x-api-key header is required".
  /(?=[^\s"'·]{8})(?<=\b(?:[Bb]earer|BEARER|[Xx]-[Aa][Pp][Ii]-[Kk][Ee][Yy])\s+)(?![a-z]+[.,;:!?)]*(?:[\s"'·]|$))[^"'·]+?(?=["'·]|$)/g,
  /\beyJ[\w-]{8,}(?:\.[\w-]+)*/g,
  // Whatever is long and looks like nothing else; request ids and UUIDs are shorter.
  /[A-Za-z0-9_-]{44,}/g,
];

/** Replaces everything token-shaped in somebody else's words by `[secret]`. */
export function scrub(text: string): string {
  return SECRETS.reduce((left, pattern) => left.replace(pattern, "[secret]"), text);
}
