import { invalidUri } from './errors.ts';

/**
 * Globs, matched in time linear in pattern × path whatever the pattern (a regular expression made from a stranger's
 * pattern can take years), and one folder at a time, so that a walk enters only folders that can still match.
 *
 * `*` and `?` within a name, `[a-z]` and `[!a-z]`, `{a,b}` (nested, also with slashes), `**` for any number of
 * folders, backslash before a character that means itself. Names that begin with a dot are matched only by a dot.
 */

type Token =
  | { readonly kind: 'literal'; readonly character: string }
  | { readonly kind: 'any' }
  | { readonly kind: 'star' }
  | {
      readonly kind: 'class';
      readonly isNegated: boolean;
      readonly ranges: readonly (readonly [string, string])[];
    };

type Segment = 'globstar' | readonly Token[];

/** How far each alternative of a glob has been matched: indexes of the segments that may come next. */
export type GlobState = readonly (readonly number[])[];

const MAX_PATTERN_LENGTH = 2_048;
const MAX_ALTERNATIVES = 256;

/** Before any other character a backslash is one itself: names on Linux and keys in S3 may contain it. */
const ESCAPED = /\\([*?[\]{},\\!^-])/g;

export function hasMagic(text: string): boolean {
  return /[*?[{]/.test(text.replace(ESCAPED, ''));
}

/** Removes the backslashes of escaped characters. */
export function unescapeGlob(text: string): string {
  return text.replace(ESCAPED, '$1');
}

/** Puts a backslash before every character that a glob would interpret. */
export function escapeGlob(text: string): string {
  return text.replace(/[*?[\]{},\\!^-]/g, '\\$&');
}

function tooComplex(pattern: string): Error {
  return invalidUri(
    `the pattern "${pattern.slice(0, 80)}" is too long or has too many alternatives`,
    'List its parts one by one.',
  );
}

/** Index of the bracket that closes the class opened at `open`, -1 when none does. */
function classEnd(characters: readonly string[], open: number): number {
  let at = open + 1;
  if (characters[at] === '!' || characters[at] === '^') at++;
  if (characters[at] === ']') at++;
  for (; at < characters.length && characters[at] !== '/'; at++) {
    if (characters[at] === '\\') at++;
    else if (characters[at] === ']') return at;
  }
  return -1;
}

/** Positions of the commas and of the end of the brace group opened at `open`; undefined when it is not a group. */
function braceGroup(text: readonly string[], open: number): { commas: number[]; close: number } | undefined {
  const commas: number[] = [];
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    const character = text[at];
    if (character === '\\') at++;
    else if (character === '{') depth++;
    else if (character === ',' && depth === 1) commas.push(at);
    else if (character === '}' && --depth === 0) return commas.length > 0 ? { commas, close: at } : undefined;
  }
  return undefined;
}

function expandBraces(pattern: string): string[] {
  const done: string[] = [];
  const open = [{ text: Array.from(pattern), from: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { text, from } = next;
    let at = from;
    let group: ReturnType<typeof braceGroup>;
    for (; at < text.length; at++) {
      if (text[at] === '\\') at++;
      else if (text[at] === '[') at = Math.max(at, classEnd(text, at));
      else if (text[at] === '{') group = braceGroup(text, at);
      if (group !== undefined) break;
    }
    if (group === undefined) {
      done.push(text.join(''));
    } else {
      const starts = [at, ...group.commas];
      const ends = [...group.commas, group.close];
      for (const [index, start] of starts.entries()) {
        const choice = text.slice(start + 1, ends[index]);
        open.push({ text: [...text.slice(0, at), ...choice, ...text.slice(group.close + 1)], from: at });
      }
    }
    if (done.length + open.length > MAX_ALTERNATIVES) throw tooComplex(pattern);
  }
  return done;
}

function parseClass(body: readonly string[]): Token {
  const isNegated = body[0] === '!' || body[0] === '^';
  const members = body.slice(isNegated ? 1 : 0);
  const ranges: [string, string][] = [];
  for (let at = 0; at < members.length; at++) {
    if (members[at] === '\\' && at + 1 < members.length) at++;
    const low = members[at] ?? '';
    const high = members[at + 2];
    if (members[at + 1] === '-' && high !== undefined) {
      ranges.push([low, high]);
      at += 2;
    } else {
      ranges.push([low, low]);
    }
  }
  return { kind: 'class', isNegated, ranges };
}

function isSpecial(character: string | undefined): boolean {
  return character !== undefined && '*?[]{},\\!^-'.includes(character);
}

function parseSegment(text: string): Segment {
  if (/^\*\*+$/.test(text)) return 'globstar';
  const characters = Array.from(text);
  const tokens: Token[] = [];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? '';
    if (character === '\\' && isSpecial(characters[at + 1])) {
      tokens.push({ kind: 'literal', character: characters[++at] ?? '' });
    } else if (character === '*') {
      if (tokens.at(-1)?.kind !== 'star') tokens.push({ kind: 'star' });
    } else if (character === '?') {
      tokens.push({ kind: 'any' });
    } else {
      const close = character === '[' ? classEnd(characters, at) : -1;
      if (close === -1) {
        tokens.push({ kind: 'literal', character });
      } else {
        tokens.push(parseClass(characters.slice(at + 1, close)));
        at = close;
      }
    }
  }
  return tokens;
}

/** Splits at slashes that are not escaped (none can stand inside a class). */
function splitSegments(pattern: string): string[] {
  return pattern.split('/').filter((segment) => segment !== '');
}

function matchesCharacter(token: Token, character: string): boolean {
  switch (token.kind) {
    case 'literal':
      return token.character === character;
    case 'class': {
      const isMember = token.ranges.some(([low, high]) => low <= character && character <= high);
      return isMember !== token.isNegated;
    }
    case 'any':
    case 'star':
      return true;
  }
}

/** Only the last star is ever reconsidered, so the time is at most tokens × characters. */
function matchesName(tokens: readonly Token[], name: readonly string[]): boolean {
  if (name[0] === '.' && !(tokens[0]?.kind === 'literal' && tokens[0].character === '.')) return false;
  let token = 0;
  let star = -1;
  let resume = 0;
  let at = 0;
  while (at < name.length) {
    const current = tokens[token];
    if (current?.kind === 'star') {
      star = token++;
      resume = at;
    } else if (current !== undefined && matchesCharacter(current, name[at] ?? '')) {
      token++;
      at++;
    } else if (star >= 0) {
      token = star + 1;
      at = ++resume;
    } else {
      return false;
    }
  }
  while (tokens[token]?.kind === 'star') token++;
  return token === tokens.length;
}

export class Glob {
  readonly #alternatives: readonly (readonly Segment[])[];

  /** @throws SqlensError 22023 for a pattern that is too long or has too many alternatives */
  constructor(pattern: string) {
    if (pattern.length > MAX_PATTERN_LENGTH) throw tooComplex(pattern);
    this.#alternatives = expandBraces(pattern).map((text) => splitSegments(text).map(parseSegment));
  }

  start(): GlobState {
    return this.#alternatives.map((segments) => skipGlobstars(segments, [0]));
  }

  /** The state after one more folder or file name; undefined when nothing below can match. */
  step(state: GlobState, name: string): GlobState | undefined {
    const characters = Array.from(name);
    let isAlive = false;
    const next = state.map((positions, index) => {
      const segments = this.#alternatives[index] ?? [];
      const reached: number[] = [];
      for (const position of positions) {
        const segment = segments[position];
        if (segment === undefined) continue;
        if (segment === 'globstar') {
          if (characters[0] !== '.') reached.push(position);
        } else if (matchesName(segment, characters)) {
          reached.push(position + 1);
        }
      }
      isAlive ||= reached.length > 0;
      return skipGlobstars(segments, reached);
    });
    return isAlive ? next : undefined;
  }

  /** Whether the names so far are a whole match. */
  accepts(state: GlobState): boolean {
    return state.some((positions, index) => positions.includes(this.#alternatives[index]?.length ?? -1));
  }

  matches(names: readonly string[]): boolean {
    let state: GlobState | undefined = this.start();
    for (const name of names) {
      state = this.step(state, name);
      if (state === undefined) return false;
    }
    return this.accepts(state);
  }
}

/** A globstar may stand for no folder at all. */
function skipGlobstars(segments: readonly Segment[], positions: readonly number[]): readonly number[] {
  const all = new Set(positions);
  // A set may grow while it is walked.
  for (const position of all) {
    if (segments[position] === 'globstar') all.add(position + 1);
  }
  return [...all];
}

export interface SplitPattern {
  /** Leading folders without glob characters, unescaped. */
  readonly base: readonly string[];
  /** What is to be matched below them. */
  readonly rest: string;
  /** Unescaped characters that every match has after the base: narrows a listing by prefix. */
  readonly literalPrefix: string;
  /** True when the last name is nothing but wildcards: such a pattern asks for images, not for every file. */
  readonly endsOpen: boolean;
}

/** Splits a pattern that has glob characters into the folder to list and what to match there. */
export function splitPattern(pattern: string): SplitPattern {
  const segments = pattern.split('/').filter((segment) => segment !== '');
  const first = segments.findIndex(hasMagic);
  const magic = segments[first] ?? '';
  const literal = /^(?:\\.|[^*?[{\\])*/su.exec(magic)?.[0] ?? '';
  return {
    base: segments.slice(0, first).map(unescapeGlob),
    rest: segments.slice(first).join('/'),
    literalPrefix: unescapeGlob(literal),
    endsOpen: /^[*?]+$/.test(segments.at(-1) ?? ''),
  };
}
