/** Foreign text for one line of a terminal: what could move the cursor or begin another line is shown as U+FFFD. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, "\uFFFD");
}
