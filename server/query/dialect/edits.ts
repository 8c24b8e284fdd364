/** Changes of a statement's text at its tokens, and the way back from positions in the new text to the old one. */
import type { TypedText } from '../describe/parameters.ts';
import type { Token } from '../text/tokens.ts';

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** Order of insertion: of two edits at one place the earlier comes first. */
  readonly order: number;
}

export class Edits {
  readonly #edits: Edit[] = [];

  get isEmpty(): boolean {
    return this.#edits.length === 0;
  }

  insertBefore(token: Token, text: string): void {
    this.#add(token.start, token.start, text);
  }

  insertAfter(token: Token, text: string): void {
    this.#add(token.end, token.end, text);
  }

  /** Replaces everything from the beginning of `first` to the end of `last`. */
  replace(first: Token, text: string, last: Token = first): void {
    this.#add(first.start, last.end, text);
  }

  remove(first: Token, last: Token = first): void {
    this.#add(first.start, last.end, '');
  }

  apply(sql: string): TypedText {
    if (this.#edits.length === 0) return { text: sql, original: (position) => position };
    const edits = this.#edits.sort(
      (a, b) => a.start - b.start || Number(a.end > a.start) - Number(b.end > b.start) || a.order - b.order,
    );
    const parts: string[] = [];
    const applied: { at: number; shift: number; origin: number; end: number }[] = [];
    let copied = 0;
    let length = 0;
    for (const edit of edits) {
      // Inside what another rule has replaced: that rule's text stands.
      if (edit.start < copied) continue;
      parts.push(sql.slice(copied, edit.start), edit.text);
      length += edit.start - copied;
      const at = length;
      length += edit.text.length;
      copied = edit.end;
      applied.push({ at, end: length, origin: edit.start, shift: edit.end - length });
    }
    parts.push(sql.slice(copied));
    return { text: parts.join(''), original: (position) => originalPosition(applied, position) };
  }

  #add(start: number, end: number, text: string): void {
    this.#edits.push({ start, end, text, order: this.#edits.length });
  }
}

/** Inside a new text a position means the place that it replaced. */
function originalPosition(
  edits: readonly { at: number; end: number; origin: number; shift: number }[],
  position: number,
): number {
  const offset = position - 1;
  let shift = 0;
  for (const edit of edits) {
    if (offset < edit.at) break;
    if (offset < edit.end) return edit.origin + 1;
    shift = edit.shift;
  }
  return Math.max(1, position + shift);
}
