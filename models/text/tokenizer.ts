/**
 * A tokenizer.json of Hugging Face's tokenizers: text in, the same token ids out that their own library gives. The file
 * is a stranger's: its regular expressions may never end, so it is only used where a deadline is kept from outside.
 *
 *   text ── added-tokens ── normalizers ── pre-tokenizers ── bpe, unigram, word-models ── special-tokens → ids
 *
 * A part that is not known is an error that names it, never an approximation.
 */
import { messageOf } from '../../common/errors.ts';
import { invalidFile, ModelError, tooLarge } from '../model-error.ts';
import { AddedTokens } from './added-tokens.ts';
import { bytePairs } from './bpe.ts';
import { isObject, type JsonObject } from './json.ts';
import { normalizerOf } from './normalizers.ts';
import { refused } from './pattern.ts';
import { type PreTokenizer, preTokenizerOf } from './pre-tokenizers.ts';
import { type Surrounding, surroundingOf } from './special-tokens.ts';
import { unigram } from './unigram.ts';
import { tokenId, vocabularyOf, type WordModel, wordLevel, wordPiece } from './word-models.ts';

/** Largest tokenizer file that is read: those of 250,000 tokens take 17 MB. */
export const TOKENIZER_BYTES_MAX = 40 * 2 ** 20;

export interface Tokens {
  readonly ids: Int32Array;
  /** Token types, of the same length. */
  readonly types: Int32Array;
}

export interface Padding {
  readonly id: number;
  readonly type: number;
  /** In front of the text. */
  readonly left: boolean;
}

export class Tokenizer {
  readonly padding: Padding;
  /** Tokens of a text at most, special ones included, as the file says. */
  readonly max_length: number | undefined;
  readonly #added: AddedTokens;
  readonly #cut: PreTokenizer;
  readonly #encodeWord: WordModel;
  readonly #surrounding: Surrounding;
  readonly #cutsLeft: boolean;

  private constructor(file: JsonObject, model: JsonObject) {
    this.#added = new AddedTokens(file.added_tokens, normalizerOf(file.normalizer));
    this.#cut = preTokenizerOf(file.pre_tokenizer);
    const { encode, vocabulary } = modelOf(model);
    this.#encodeWord = encode;
    this.#surrounding = surroundingOf(file.post_processor);
    const { truncation, padding } = file;
    this.max_length =
      isObject(truncation) && isCount(truncation.max_length) ? truncation.max_length : undefined;
    this.#cutsLeft = isObject(truncation) && truncation.direction === 'Left';
    const { pad_id, pad_type_id, direction } = isObject(padding) ? padding : {};
    const ownPad = ['[PAD]', '<pad>', '<|pad|>']
      .map((token) => this.#added.ids.get(token) ?? vocabulary.get(token))
      .find((id) => id !== undefined);
    this.padding = {
      id: pad_id === undefined || pad_id === null ? (ownPad ?? 0) : tokenId(pad_id),
      type: pad_type_id === undefined || pad_type_id === null ? 0 : tokenId(pad_type_id),
      left: direction === 'Left',
    };
  }

  /** @throws ModelError when the file is no tokenizer, too large, or has parts that are not supported */
  static parse(bytes: Uint8Array): Tokenizer {
    if (bytes.byteLength > TOKENIZER_BYTES_MAX) {
      throw tooLarge(
        `the tokenizer takes ${bytes.byteLength} bytes; at most ${TOKENIZER_BYTES_MAX} are read`,
      );
    }
    let file: unknown;
    try {
      file = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    } catch (error) {
      throw invalidFile(`the tokenizer is not JSON: ${messageOf(error)}`, HINT, error);
    }
    if (!isObject(file) || !isObject(file.model)) {
      throw invalidFile('the file is no tokenizer: it has no model', HINT);
    }
    try {
      return new Tokenizer(file, file.model);
    } catch (error) {
      if (error instanceof ModelError) throw error;
      throw invalidFile(`the tokenizer cannot be used: ${messageOf(error)}`, HINT, error);
    }
  }

  /** Tokens that are put around each text. */
  get specialCount(): number {
    return this.#surrounding.before.length + this.#surrounding.after.length;
  }

  /**
   * @param max_length tokens at most, special ones included; what is longer loses its end (or its beginning, where the
   *   file says so)
   */
  encode(text: string, max_length: number): Tokens {
    const { before, after, type } = this.#surrounding;
    const all = this.#idsOf(text);
    const room = Math.max(0, max_length - this.specialCount);
    const from = this.#cutsLeft ? Math.max(0, all.length - room) : 0;
    const own = all.slice(from, from + room);
    const ids = new Int32Array(before.length + own.length + after.length);
    const types = new Int32Array(ids.length).fill(type);
    const surround = (tokens: Surrounding['before'], at: number) =>
      tokens.forEach((token, k) => {
        ids[at + k] = token.id;
        types[at + k] = token.type;
      });
    surround(before, 0);
    ids.set(own, before.length);
    surround(after, before.length + own.length);
    return { ids, types };
  }

  #idsOf(text: string): number[] {
    const ids: number[] = [];
    for (const section of this.#added.split(text)) {
      if (section.kind === 'token') ids.push(section.id);
      else for (const word of this.#cut([section])) this.#encodeWord(word.text, ids);
    }
    return ids;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

function modelOf(model: JsonObject): {
  readonly encode: WordModel;
  readonly vocabulary: ReadonlyMap<string, number>;
} {
  // Files of older versions do not say what they are.
  const type =
    model.type ??
    (Array.isArray(model.merges) ? 'BPE' : Array.isArray(model.vocab) ? 'Unigram' : 'WordPiece');
  if (type === 'Unigram') return unigram(model);
  const vocabulary = vocabularyOf(model.vocab);
  switch (type) {
    case 'BPE':
      return { encode: bytePairs(model, vocabulary), vocabulary };
    case 'WordPiece':
      return { encode: wordPiece(model, vocabulary), vocabulary };
    case 'WordLevel':
      return { encode: wordLevel(model, vocabulary), vocabulary };
    default:
      throw refused(`models of type ${String(type)} are not supported`);
  }
}

const HINT = "Give the tokenizer.json that Hugging Face's tokenizers save beside the model.";
