/** A token that somebody has pasted into a message does not go any further. */
export function withoutTokens(text: string): string {
  return text.replaceAll(/sk-ant-[\w-]+/gi, "[secret]");
}
