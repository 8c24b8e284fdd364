/** Words to token ids: WordPiece and WordLevel. What each kind of model has in common stands here too. */
import { invalidFile, tooLarge } from '../model-error.ts';
import type { JsonObject } from './json.ts';
import { isObject } from './json.ts';

/** Appends the ids of a word. */
export type WordModel = (word: string, ids: number[]) => void;

const VOCABULARY_MAX = 1_000_000;

export function vocabularyOf(value: unknown): ReadonlyMap<string, number> {
  if (!isObject(value)) throw invalidFile('the tokenizer has no vocabulary');
  const entries = Object.entries(value);
  limitVocabulary(entries.length);
  const vocabulary = new Map<string, number>();
  for (const [token, id] of entries) vocabulary.set(token, tokenId(id));
  return vocabulary;
}

export function limitVocabulary(count: number): void {
  if (count > VOCABULARY_MAX) throw tooLarge(`the tokenizer has more than ${VOCABULARY_MAX} tokens`);
}

export function tokenId(id: unknown): number {
  if (typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < 2 ** 31) return id;
  throw invalidFile('a token id in the tokenizer is damaged');
}

export function wordPiece(model: JsonObject, vocabulary: ReadonlyMap<string, number>): WordModel {
  const unknown = vocabulary.get(String(model.unk_token ?? '[UNK]'));
  const prefix = String(model.continuing_subword_prefix ?? '##');
  const chars_max = typeof model.max_input_chars_per_word === 'number' ? model.max_input_chars_per_word : 100;
  return (word, ids) => {
    const chars = [...word];
    const own: number[] = [];
    let start = 0;
    while (start < chars.length && chars.length <= chars_max) {
      let end = chars.length;
      let id: number | undefined;
      for (; end > start; end--) {
        const piece = chars.slice(start, end).join('');
        id = vocabulary.get(start === 0 ? piece : prefix + piece);
        if (id !== undefined) break;
      }
      if (id === undefined) break;
      own.push(id);
      start = end;
    }
    if (start === chars.length) {
      for (const id of own) ids.push(id);
    } else ids.push(required(unknown));
  };
}

export function wordLevel(model: JsonObject, vocabulary: ReadonlyMap<string, number>): WordModel {
  const unknown = vocabulary.get(String(model.unk_token ?? '[UNK]'));
  return (word, ids) => {
    ids.push(vocabulary.get(word) ?? required(unknown));
  };
}

export function required(unknown: number | undefined): number {
  if (unknown === undefined) throw invalidFile('the tokenizer has no token for what it does not know');
  return unknown;
}

const encoder = new TextEncoder();

/** Tokens that stand for the bytes of a character, as `<0xE2>`; undefined unless there is one for each. */
export function byteTokens(text: string, vocabulary: ReadonlyMap<string, number>): number[] | undefined {
  const ids: number[] = [];
  for (const byte of encoder.encode(text)) {
    const id = vocabulary.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
    if (id === undefined) return undefined;
    ids.push(id);
  }
  return ids;
}
