/** Kinds of characters as Rust and Oniguruma know them; JavaScript's own \s, \w and trim() mean others. */

export const WHITE_SPACE = /\p{White_Space}/u;
export const WORD = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;

/** Letter by letter, without looking at its neighbours: a sigma at the end of a word stays what it is elsewhere. */
export function lowercase(text: string): string {
  // Only a sigma depends on what stands around it.
  if (!text.includes('Σ')) return text.toLowerCase();
  return text
    .split('Σ')
    .map((part) => part.toLowerCase())
    .join('σ');
}

export function trimStart(text: string): string {
  return text.replace(/^\p{White_Space}+/u, '');
}

export function trimEnd(text: string): string {
  // A regular expression would look at every space in the text for its end.
  let end = text.length;
  while (end > 0 && WHITE_SPACE.test(text[end - 1] ?? '')) end--;
  return text.slice(0, end);
}
