/** Byte pair encoding: a word's characters, of which neighbours merge, those first that training merged first. */
import { invalidFile } from '../model-error.ts';
import type { JsonObject } from './json.ts';
import { MinHeap } from './min-heap.ts';
import { refused } from './pattern.ts';
import { byteTokens, type WordModel } from './word-models.ts';

interface Merge {
  readonly rank: number;
  readonly id: number;
}

/** Words whose tokens are remembered: text repeats itself. */
const REMEMBERED_MAX = 10_000;
const REMEMBERED_CHARS_MAX = 64;

export function bytePairs(model: JsonObject, vocabulary: ReadonlyMap<string, number>): WordModel {
  const prefix = String(model.continuing_subword_prefix ?? '');
  const suffix = String(model.end_of_word_suffix ?? '');
  const unknown = typeof model.unk_token === 'string' ? vocabulary.get(model.unk_token) : undefined;
  const fuses = model.fuse_unk === true;
  if (typeof model.dropout === 'number' && model.dropout > 0) {
    throw refused('its BPE has dropout, which gives other tokens every time');
  }
  const merges = mergesOf(model.merges, vocabulary, prefix);

  const lettersOf = (word: string): number[] => {
    const ids: number[] = [];
    let pending: number | undefined;
    const chars = [...word];
    chars.forEach((char, at) => {
      const letter = (at > 0 ? prefix : '') + char + (at === chars.length - 1 ? suffix : '');
      const id = vocabulary.get(letter);
      if (id !== undefined) {
        if (pending !== undefined) ids.push(pending);
        pending = undefined;
        ids.push(id);
        return;
      }
      const bytes = model.byte_fallback === true ? byteTokens(letter, vocabulary) : undefined;
      if (bytes !== undefined) ids.push(...bytes);
      else if (unknown !== undefined) {
        if (pending !== undefined && !fuses) ids.push(pending);
        pending = unknown;
      }
    });
    if (pending !== undefined) ids.push(pending);
    return ids;
  };

  const remembered = new Map<string, readonly number[]>();
  return (word, ids) => {
    let own = remembered.get(word);
    if (own === undefined) {
      const whole = model.ignore_merges === true ? vocabulary.get(word) : undefined;
      own = whole === undefined ? mergeAll(lettersOf(word), merges) : [whole];
      if (remembered.size < REMEMBERED_MAX && word.length <= REMEMBERED_CHARS_MAX) remembered.set(word, own);
    }
    for (const id of own) ids.push(id);
  };
}

/** Pairs of ids as one number: both are below 2³¹, and vocabularies far smaller. */
function pairKey(left: number, right: number): number {
  return left * 2 ** 21 + right;
}

function mergesOf(
  value: unknown,
  vocabulary: ReadonlyMap<string, number>,
  prefix: string,
): ReadonlyMap<number, Merge> {
  const merges = new Map<number, Merge>();
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  list.forEach((entry, rank) => {
    const pair: unknown[] = typeof entry === 'string' ? entry.split(' ') : Array.isArray(entry) ? entry : [];
    const [left, right] = pair;
    if (pair.length !== 2 || typeof left !== 'string' || typeof right !== 'string') {
      throw invalidFile(`merge ${rank} of the tokenizer is damaged`);
    }
    const a = vocabulary.get(left);
    const b = vocabulary.get(right);
    const id = vocabulary.get(left + right.slice(prefix.length));
    if (a === undefined || b === undefined || id === undefined || Math.max(a, b) >= 2 ** 21) {
      throw invalidFile(`merge ${rank} of the tokenizer is of tokens that its vocabulary does not have`);
    }
    merges.set(pairKey(a, b), { rank, id });
  });
  return merges;
}

/** The lowest rank first, of equal ones the leftmost; n log n in the length of the word. */
function mergeAll(letters: number[], merges: ReadonlyMap<number, Merge>): readonly number[] {
  const { length } = letters;
  if (length < 2) return letters;
  const next = Int32Array.from(letters, (_, at) => (at + 1 < length ? at + 1 : -1));
  const previous = Int32Array.from(letters, (_, at) => at - 1);
  const gone = new Uint8Array(length);
  const heap = new MinHeap();
  const offer = (at: number) => {
    const right = next[at] ?? -1;
    if (right < 0) return;
    const merge = merges.get(pairKey(letters[at] ?? 0, letters[right] ?? 0));
    if (merge !== undefined) heap.push(merge.rank, at);
  };
  for (let at = 0; at < length - 1; at++) offer(at);
  for (let top = heap.pop(); top !== undefined; top = heap.pop()) {
    const { rank, at } = top;
    const right = next[at] ?? -1;
    if (gone[at] === 1 || right < 0) continue;
    const merge = merges.get(pairKey(letters[at] ?? 0, letters[right] ?? 0));
    // What stood here when the pair was noted may have merged with another meanwhile.
    if (merge === undefined || merge.rank !== rank) continue;
    letters[at] = merge.id;
    gone[right] = 1;
    const after = next[right] ?? -1;
    next[at] = after;
    if (after >= 0) previous[after] = at;
    const before = previous[at] ?? -1;
    if (before >= 0) offer(before);
    offer(at);
  }
  return letters.filter((_, at) => gone[at] === 0);
}
