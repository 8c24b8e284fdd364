/** Tokens beside the vocabulary, such as [MASK], which are found in a text before anything else is done to it. */

import { tooLarge } from '../model-error.ts';
import { trimEnd, trimStart, WORD } from './characters.ts';
import { isObject } from './json.ts';
import type { Normalizer } from './normalizers.ts';
import { tokenId } from './word-models.ts';

/** Of all added tokens: each may take a node of the tree that finds them. */
const CHARS_MAX = 1_000_000;

interface AddedToken {
  readonly id: number;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
}

interface Node {
  readonly children: Map<string, Node>;
  token: AddedToken | undefined;
}

/** A part of a text: a token that was found, or what is left to be cut. */
export type Section =
  | { readonly kind: 'token'; readonly id: number }
  | { readonly kind: 'text'; readonly text: string; readonly isFirst: boolean };

export class AddedTokens {
  /** Found in the text as it is. */
  readonly #plain: Node = { children: new Map(), token: undefined };
  /** Found in the normalized text. */
  readonly #normalized: Node = { children: new Map(), token: undefined };
  readonly #normalize: Normalizer;
  readonly ids = new Map<string, number>();

  constructor(list: unknown, normalize: Normalizer) {
    this.#normalize = normalize;
    let length = 0;
    for (const entry of Array.isArray(list) ? list : []) {
      if (!isObject(entry) || typeof entry.content !== 'string' || entry.content === '') continue;
      length += entry.content.length;
      if (length > CHARS_MAX)
        throw tooLarge(`its added tokens have more than ${CHARS_MAX} characters in all`);
      const { content, special } = entry;
      const token = {
        id: tokenId(entry.id),
        single_word: entry.single_word === true,
        lstrip: entry.lstrip === true,
        rstrip: entry.rstrip === true,
      };
      this.ids.set(content, token.id);
      const isNormalized = typeof entry.normalized === 'boolean' ? entry.normalized : special !== true;
      if (isNormalized) insert(this.#normalized, normalize(content), token);
      else insert(this.#plain, content, token);
    }
  }

  /** The text's sections, those that are no tokens normalized. */
  split(text: string): Section[] {
    return find(text, this.#plain, true).flatMap((section) => {
      if (section.kind === 'token') return [section];
      return find(this.#normalize(section.text), this.#normalized, section.isFirst);
    });
  }
}

function insert(root: Node, content: string, token: AddedToken): void {
  let node = root;
  for (const unit of content.split('')) {
    let child = node.children.get(unit);
    if (child === undefined) {
      child = { children: new Map(), token: undefined };
      node.children.set(unit, child);
    }
    node = child;
  }
  if (node !== root) node.token = token;
}

/** The leftmost tokens, of those that begin at one place the longest. */
function find(text: string, root: Node, isFirst: boolean): Section[] {
  const sections: Section[] = [];
  let rest = 0;
  const leave = (end: number) => {
    if (end > rest)
      sections.push({ kind: 'text', text: text.slice(rest, end), isFirst: isFirst && rest === 0 });
  };
  for (let at = 0; at < text.length; ) {
    const found = root.children.size === 0 ? undefined : longestAt(text, at, root);
    if (found === undefined) {
      at++;
      continue;
    }
    const { token, length } = found;
    let start = at;
    let end = at + length;
    at = end;
    if (token.single_word && !standsAlone(text, start, end)) continue;
    if (token.lstrip) start = Math.max(trimEnd(text.slice(0, start)).length, rest);
    if (token.rstrip) end = text.length - trimStart(text.slice(end)).length;
    leave(start);
    sections.push({ kind: 'token', id: token.id });
    rest = end;
  }
  leave(text.length);
  return sections;
}

function longestAt(
  text: string,
  start: number,
  root: Node,
): { readonly token: AddedToken; readonly length: number } | undefined {
  let found: { token: AddedToken; length: number } | undefined;
  let node: Node | undefined = root;
  for (let at = start; at < text.length; at++) {
    node = node.children.get(text[at] ?? '');
    if (node === undefined) break;
    if (node.token !== undefined) found = { token: node.token, length: at + 1 - start };
  }
  return found;
}

function standsAlone(text: string, start: number, end: number): boolean {
  const before = [...text.slice(Math.max(0, start - 2), start)].at(-1);
  const [after] = text.slice(end, end + 2);
  return !(before !== undefined && WORD.test(before)) && !(after !== undefined && WORD.test(after));
}
