/** A phrase of the tables as it begins a sentence; what has to be typed as it stands keeps its small letter. */
export function capitalised(text: string): string {
  if (/^(?:claude |pilotlight |sk-ant-)/.test(text)) return text;
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

export function sentence(text: string): string {
  return `${capitalised(text)}.`;
}
