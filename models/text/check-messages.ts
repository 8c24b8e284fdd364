import type { PlainError } from '../compile-messages.ts';

/** What the parent sends to the child that tries a tokenizer. */
export interface CheckOrder {
  readonly bytes: Uint8Array;
}

/** What CREATE MODEL has to know of a tokenizer. */
export interface TokenizerSummary {
  /** Tokens of a text at most, special ones included, where the file says so. */
  readonly max_length: number | undefined;
  /** Special tokens around each text. */
  readonly specialCount: number;
}

export type CheckReport =
  | { readonly kind: 'summary'; readonly summary: TokenizerSummary }
  | { readonly kind: 'failed'; readonly error: PlainError };
