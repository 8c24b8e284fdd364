/**
 * A tokenizer.json of Hugging Face's tokenizers: text in, token ids out. The file is a stranger's: its regular expressions
 * may never end, so it is only used where a deadline is kept from outside.
 */
import { Tokenizer as Splitter } from '@huggingface/tokenizers';
import { messageOf } from '../../common/errors.ts';
import { invalidFile, tooLarge } from '../model-error.ts';
import { isObject } from './json.ts';
import { type Surrounding, surroundingOf } from './special-tokens.ts';

/** Largest tokenizer file that is read: those of 250,000 tokens take 17 MB. */
export const TOKENIZER_BYTES_MAX = 40 * 2 ** 20;

export interface Tokens {
  readonly ids: Int32Array;
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
  readonly #splitter: Splitter;
  readonly #surrounding: Surrounding;
  readonly #cutsLeft: boolean;

  private constructor(file: Record<string, unknown>) {
    this.#splitter = new Splitter(
      {
        added_tokens: [],
        normalizer: null,
        pre_tokenizer: null,
        ...file,
        decoder: null,
        post_processor: null,
      },
      {},
    );
    this.#surrounding = surroundingOf(file.post_processor);
    const { truncation, padding } = file;
    this.max_length =
      isObject(truncation) && typeof truncation.max_length === 'number' ? truncation.max_length : undefined;
    this.#cutsLeft = isObject(truncation) && truncation.direction === 'Left';
    const declared = isObject(padding) ? padding : {};
    this.padding = {
      id: typeof declared.pad_id === 'number' ? declared.pad_id : (this.#splitter.token_to_id('[PAD]') ?? 0),
      type: typeof declared.pad_type_id === 'number' ? declared.pad_type_id : 0,
      left: declared.direction === 'Left',
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
    if (!isObject(file) || !isObject(file.model))
      throw invalidFile('the file is no tokenizer: it has no model', HINT);
    try {
      return new Tokenizer(file);
    } catch (error) {
      throw invalidFile(`the tokenizer cannot be used: ${messageOf(error)}`, HINT, error);
    }
  }

  /** Tokens that are put around each text. */
  get specialCount(): number {
    return this.#surrounding.before.length + this.#surrounding.after.length;
  }

  /**
   * @param max_length tokens at most, special ones included; what is longer loses its end (or its beginning, where the
   *   file says so) as Hugging Face's truncation cuts it
   */
  encode(text: string, max_length: number): Tokens {
    const { before, after, type } = this.#surrounding;
    const all = this.#splitter.encode(text, { add_special_tokens: false }).ids;
    const room = Math.max(0, max_length - this.specialCount);
    const own = all.length <= room ? all : this.#cutsLeft ? all.slice(all.length - room) : all.slice(0, room);
    const ids = [...before.map(({ id }) => id), ...own, ...after.map(({ id }) => id)];
    const types = [
      ...before.map((token) => token.type),
      ...own.map(() => type),
      ...after.map((token) => token.type),
    ];
    return { ids: Int32Array.from(ids), types: Int32Array.from(types) };
  }
}

const HINT = "Give the tokenizer.json that Hugging Face's tokenizers save beside the model.";
