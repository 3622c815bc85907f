/** Whether a word can name a login or a channel: up to 64 letters, digits, dashes and underscores. */
export function isPlainName(word: string): boolean {
  // No dot: `bot.lock` would lie where the lock of `bot`'s stage does.
  return /^[a-z0-9][a-z0-9_-]{0,63}$/i.test(word);
}
