/** Tokenizers that no training writes: each ends in an error that says why, within limits of memory and time. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SqlState } from '../../common/errors.ts';
import { ModelError } from '../model-error.ts';
import { checkTokenizerInChild } from './check-in-child.ts';
import { Tokenizer } from './tokenizer.ts';

type Options = Readonly<Record<string, unknown>>;

const VOCAB = { '[UNK]': 0, a: 1, b: 2, ab: 3 };
const MODEL = { type: 'WordLevel', vocab: VOCAB, unk_token: '[UNK]' };

function file(options: Options): Uint8Array {
  return Buffer.from(JSON.stringify({ model: MODEL, ...options }));
}

function split(Regex: string): Options {
  return { pre_tokenizer: { type: 'Split', pattern: { Regex }, behavior: 'Isolated' } };
}

const doubling = (what: string, times: number): Options => ({
  normalizer: {
    type: 'Sequence',
    normalizers: Array(times).fill({ type: 'Replace', pattern: { String: what }, content: what + what }),
  },
});

function nested(depth: number, type: string, field: string): unknown {
  return Array.from({ length: depth }).reduce<unknown>((inner) => ({ type, [field]: [inner] }), {
    type: 'Lowercase',
  });
}

const { dataException, featureNotSupported, programLimitExceeded } = SqlState;

const REFUSED: readonly (readonly [string, () => Uint8Array, string, RegExp])[] = [
  [
    'a vocabulary of two million',
    () => unigramOf(2_000_000),
    programLimitExceeded,
    /more than 1000000 tokens/,
  ],
  [
    'an added token of thirty megabytes',
    () => file({ added_tokens: [{ id: 1, content: 'x'.repeat(30 * 2 ** 20) }] }),
    programLimitExceeded,
    /added tokens/,
  ],
  [
    'normalizers nested a thousand deep',
    () => file({ normalizer: nested(1000, 'Sequence', 'normalizers') }),
    featureNotSupported,
    /normalizer is damaged/,
  ],
  [
    'pre-tokenizers nested a thousand deep',
    () => file({ pre_tokenizer: nested(1000, 'Sequence', 'pretokenizers') }),
    featureNotSupported,
    /pre_tokenizer is damaged/,
  ],
  [
    'JSON nested a million deep',
    () => Buffer.from(`{"model":${'['.repeat(1e6)}`),
    dataException,
    /not JSON|fails/,
  ],
  [
    'an expression of a megabyte',
    () => file(split('a'.repeat(2 ** 20))),
    featureNotSupported,
    /pattern|expression/,
  ],
  ['an expression that does not end', () => file(split('(((((((a')), featureNotSupported, /expression/],
  [
    'merges of themselves',
    () => file({ model: { type: 'BPE', vocab: VOCAB, merges: ['a a', 'aa a', 'ab ab'] } }),
    dataException,
    /merge 0/,
  ],
  [
    'a token id of 1e300',
    () => file({ model: { ...MODEL, vocab: { a: 1e300 } } }),
    dataException,
    /token id/,
  ],
  ['padding with minus one', () => file({ padding: { pad_id: -1 } }), dataException, /token id/],
  [
    'a damaged table',
    () => file({ normalizer: { type: 'Precompiled', precompiled_charsmap: '/////w==' } }),
    featureNotSupported,
    /precompiled_charsmap is damaged/,
  ],
];

function unigramOf(count: number): Uint8Array {
  const entries = Array.from({ length: count }, (_, i) => `["${i.toString(36)}",0]`);
  return Buffer.from(`{"model":{"type":"Unigram","unk_id":0,"vocab":[${entries.join()}]}}`);
}

describe('tokenizers that are refused as they are read', () => {
  for (const [what, make, sqlState, message] of REFUSED) {
    it(what, () => {
      assert.throws(
        () => Tokenizer.parse(make()),
        (error) => {
          assert.ok(error instanceof ModelError, String(error));
          assert.match(error.message, message);
          assert.equal(error.sqlState, sqlState, error.message);
          assert.ok(error.hint);
          return true;
        },
      );
    });
  }

  it('lengths that are none are left out', () => {
    for (const max_length of [-5, 0, 0.5, 1e300, '12']) {
      assert.equal(Tokenizer.parse(file({ truncation: { max_length } })).max_length, undefined);
    }
  });

  it('texts that only users write do not grow without end either', () => {
    const tokenizer = Tokenizer.parse(file(doubling('Q', 64)));
    assert.deepEqual([...tokenizer.encode('a', 9).ids], [1]);
    assert.throws(() => tokenizer.encode('Q', 9), /grows without end/);
  });
});

describe('tokenizers that only a child process may try', { concurrency: true, timeout: 120_000 }, () => {
  const cases: readonly (readonly [string, Options, RegExp])[] = [
    ['alternatives of the same', split('(a|a)*b'), /did not get through/],
    ['a text that doubles', doubling('a', 64), /grows without end/],
    [
      'words of any length, piece by piece',
      { model: { type: 'WordPiece', vocab: { '[UNK]': 0, a: 1, '##a': 2 }, max_input_chars_per_word: 1e9 } },
      /did not get through/,
    ],
  ];
  for (const [what, options, message] of cases) {
    it(what, async () => {
      const given = { name: 'evil.json', bytes: file(options) };
      await assert.rejects(
        checkTokenizerInChild(given, { timeout_ms: message.source === 'grows without end' ? 60_000 : 5_000 }),
        (error) => {
          assert.ok(error instanceof ModelError, String(error));
          assert.match(error.message, message);
          assert.match(error.message, /^evil\.json: /);
          assert.equal(error.sqlState, programLimitExceeded);
          return true;
        },
      );
    });
  }
});
