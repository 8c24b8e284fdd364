/** Unigram: of all ways to cut a word into tokens the one whose scores add up to most. */
import { invalidFile } from '../model-error.ts';
import type { JsonObject } from './json.ts';
import { PrefixTree } from './prefix-tree.ts';
import { byteTokens, limitVocabulary, required, type WordModel } from './word-models.ts';

/** How much less likely than the least likely token a character is that has none. */
const UNKNOWN_PENALTY = 10;

export function unigram(model: JsonObject): {
  readonly encode: WordModel;
  readonly vocabulary: Map<string, number>;
} {
  const entries: readonly unknown[] = Array.isArray(model.vocab) ? model.vocab : [];
  limitVocabulary(entries.length);
  const vocabulary = new Map<string, number>();
  const scores: number[] = [];
  const tree = new PrefixTree();
  entries.forEach((entry, id) => {
    const [token, score]: readonly unknown[] = Array.isArray(entry) ? entry : [];
    if (typeof token !== 'string' || typeof score !== 'number') {
      throw invalidFile(`token ${id} of the tokenizer is damaged`);
    }
    vocabulary.set(token, id);
    scores.push(score);
    tree.set(token, id);
  });
  const unknown = typeof model.unk_id === 'number' ? model.unk_id : undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const score of scores) least = Math.min(least, score);
  const unknownScore = least - UNKNOWN_PENALTY;

  const encode: WordModel = (word, ids) => {
    const chars = [...word];
    const size = chars.length;
    const codes = Int32Array.from(chars, (char) => char.codePointAt(0) ?? 0);
    const bestScore = new Float64Array(size + 1);
    const bestStart = new Int32Array(size + 1).fill(-1);
    const bestToken = new Int32Array(size + 1);
    const offer = (start: number, end: number, token: number, score: number) => {
      if ((bestStart[end] ?? -1) >= 0 && score <= (bestScore[end] ?? 0)) return;
      bestScore[end] = score;
      bestStart[end] = start;
      bestToken[end] = token;
    };
    for (let start = 0; start < size; start++) {
      const before = bestScore[start] ?? 0;
      let isKnown = false;
      let node = PrefixTree.root;
      for (let end = start; end < size; end++) {
        node = tree.step(node, codes[end] ?? 0);
        if (node < 0) break;
        const token = tree.valueAt(node);
        if (token < 0) continue;
        offer(start, end + 1, token, (scores[token] ?? 0) + before);
        isKnown ||= end === start;
      }
      if (!isKnown) offer(start, start + 1, required(unknown), unknownScore + before);
    }
    const pieces: { start: number; end: number; token: number }[] = [];
    for (let end = size; end > 0; ) {
      const start = bestStart[end] ?? 0;
      const token = bestToken[end] ?? 0;
      const last = pieces.at(-1);
      // Unknown characters beside each other are one unknown token.
      if (token === unknown && last?.token === unknown) last.start = start;
      else pieces.push({ start, end, token });
      end = start;
    }
    for (const { start, end, token } of pieces.reverse()) {
      const text = chars.slice(start, end).join('');
      const id = token === unknown ? vocabulary.get(text) : token;
      if (id !== undefined) {
        ids.push(id);
        continue;
      }
      const bytes = model.byte_fallback === true ? byteTokens(text, vocabulary) : undefined;
      if (bytes === undefined) ids.push(token);
      else for (const byte of bytes) ids.push(byte);
    }
  };
  return { encode, vocabulary };
}
