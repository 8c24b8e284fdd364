import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { SqlState } from '../../common/errors.ts';
import { ModelError } from '../model-error.ts';
import { checkTokenizerInChild } from './check-in-child.ts';
import { Tokenizer } from './tokenizer.ts';

/** Files that fixtures/make_tokenizers.py wrote with Hugging Face's own library. */
function fixture(name: string): Buffer {
  return gunzipSync(readFileSync(new URL(`./fixtures/${name}.json.gz`, import.meta.url)));
}

interface Expected {
  readonly texts: readonly string[];
  readonly cases: Readonly<
    Record<string, readonly { readonly ids: number[]; readonly types: number[]; readonly cut: number[] }[]>
  >;
}

const expected: Expected = JSON.parse(fixture('expected').toString());
const NO_LIMIT = 1_000_000;

describe('the same tokens as the original', () => {
  for (const [name, cases] of Object.entries(expected.cases)) {
    test(name, () => {
      const tokenizer = Tokenizer.parse(fixture(name));
      assert.equal(cases.length, expected.texts.length);
      cases.forEach(({ ids, types, cut }, at) => {
        const text = expected.texts[at] ?? '';
        const tokens = tokenizer.encode(text, NO_LIMIT);
        assert.deepEqual([...tokens.ids], ids, JSON.stringify(text));
        assert.deepEqual([...tokens.types], types, JSON.stringify(text));
        assert.deepEqual([...tokenizer.encode(text, 8).ids], cut, `8 tokens of ${JSON.stringify(text)}`);
      });
    });
  }
});

test('padding and truncation are what the file says', () => {
  assert.deepEqual(Tokenizer.parse(fixture('gpt')).padding, { id: 0, type: 0, left: true });
  assert.deepEqual(Tokenizer.parse(fixture('roberta')).padding, { id: 1, type: 0, left: false });
  assert.deepEqual(Tokenizer.parse(fixture('bert')).padding, { id: 0, type: 0, left: false });
  assert.equal(Tokenizer.parse(fixture('bert-cased')).max_length, 12);
  assert.equal(Tokenizer.parse(fixture('bert')).max_length, undefined);
});

test('long texts, in words and in one', () => {
  for (const name of Object.keys(expected.cases)) {
    const tokenizer = Tokenizer.parse(fixture(name));
    for (const text of ['a'.repeat(2 ** 16), ' '.repeat(2 ** 16), '🙂'.repeat(2 ** 15)]) {
      const { ids } = tokenizer.encode(text, 64);
      assert.ok(ids.length <= 64, `${name}: ${ids.length} tokens`);
    }
  }
  const bert = Tokenizer.parse(fixture('bert'));
  const once = bert.encode('lazy dog', NO_LIMIT).ids.length - bert.specialCount;
  const words = bert.encode('lazy dog '.repeat(2 ** 17), NO_LIMIT);
  assert.equal(words.ids.length, once * 2 ** 17 + bert.specialCount);
});

/** A tokenizer of letters, with something else in it. */
function file(parts: object, model: object = {}): Buffer {
  const vocab = { '[UNK]': 0, a: 1, b: 2, ab: 3 };
  const whole = { model: { type: 'WordPiece', unk_token: '[UNK]', vocab, ...model }, ...parts };
  return Buffer.from(JSON.stringify(whole));
}

const refusals: readonly (readonly [string, Buffer, SqlState, RegExp])[] = [
  ['no JSON', Buffer.from('PK\u0003\u0004'), SqlState.dataException, /not JSON/],
  ['no tokenizer', Buffer.from('[1]'), SqlState.dataException, /no tokenizer/],
  ['no vocabulary', file({}, { vocab: null }), SqlState.dataException, /no vocabulary/],
  ['a bad id', file({}, { vocab: { a: -1 } }), SqlState.dataException, /token id/],
  ['another model', file({}, { type: 'Magic' }), SqlState.featureNotSupported, /models of type Magic/],
  [
    'another normalizer',
    file({ normalizer: { type: 'Rot13' } }),
    SqlState.featureNotSupported,
    /normalizers of type Rot13/,
  ],
  [
    'another pre-tokenizer',
    file({ pre_tokenizer: { type: 'UnicodeScripts' } }),
    SqlState.featureNotSupported,
    /UnicodeScripts/,
  ],
  [
    'a possessive quantifier',
    file({ pre_tokenizer: { type: 'Split', pattern: { Regex: 'a++b' }, behavior: 'Isolated' } }),
    SqlState.featureNotSupported,
    /a\+\+b/,
  ],
  [
    'a broken expression',
    file({ pre_tokenizer: { type: 'Split', pattern: { Regex: '(a' }, behavior: 'Isolated' } }),
    SqlState.featureNotSupported,
    /does not compile/,
  ],
  [
    'a template without a text',
    file({ post_processor: { type: 'TemplateProcessing', single: [] } }),
    SqlState.dataException,
    /no place for the text/,
  ],
  [
    'merges of nothing',
    file({}, { type: 'BPE', merges: ['a z'] }),
    SqlState.dataException,
    /merge 0 .* does not have/,
  ],
  ['dropout', file({}, { type: 'BPE', merges: [], dropout: 0.1 }), SqlState.featureNotSupported, /dropout/],
  [
    'a damaged charsmap',
    file({ normalizer: { type: 'Precompiled', precompiled_charsmap: 'AAAA' } }),
    SqlState.featureNotSupported,
    /charsmap/,
  ],
];

describe('what cannot be done exactly is refused', () => {
  for (const [name, bytes, sqlState, message] of refusals) {
    test(name, () => {
      assert.throws(
        () => Tokenizer.parse(bytes),
        (error) => {
          assert.ok(error instanceof ModelError);
          assert.equal(error.sqlState, sqlState, error.message);
          assert.match(error.message, message);
          assert.ok(error.hint);
          return true;
        },
      );
    });
  }
  test('names that objects have are tokens like any other', () => {
    const vocab = JSON.parse('{"[UNK]": 0, "__proto__": 1, "constructor": 2}');
    const tokenizer = Tokenizer.parse(file({ pre_tokenizer: { type: 'WhitespaceSplit' } }, { vocab }));
    assert.deepEqual([...tokenizer.encode('__proto__ constructor toString', 9).ids], [1, 2, 0]);
  });
});

describe('tried in a child process', { timeout: 120_000 }, () => {
  const limits = { timeout_ms: 60_000 };
  test('a good one', async () => {
    const summary = await checkTokenizerInChild({ name: 'bert.json', bytes: fixture('bert-cased') }, limits);
    assert.deepEqual(summary, { max_length: 12, specialCount: 2 });
  });
  test('an expression that never ends', async () => {
    const bytes = file({
      pre_tokenizer: { type: 'Split', pattern: { Regex: '(a+)+b' }, behavior: 'Isolated' },
    });
    await assert.rejects(checkTokenizerInChild({ name: 'evil.json', bytes }, { timeout_ms: 10_000 }), {
      sqlState: SqlState.programLimitExceeded,
      message: /^evil\.json: the tokenizer did not get through/,
    });
  });
  test('one that is refused, and one that is too large', async () => {
    await assert.rejects(checkTokenizerInChild({ name: 'x.json', bytes: Buffer.from('{}') }, limits), {
      sqlState: SqlState.dataException,
      message: /^x\.json: the file is no tokenizer/,
    });
    const bytes = new Uint8Array(41 * 2 ** 20);
    await assert.rejects(checkTokenizerInChild({ name: 'big.json', bytes }, limits), {
      sqlState: SqlState.programLimitExceeded,
    });
  });
  test('a query that is cancelled does not wait for it', async () => {
    const stop = new AbortController();
    const bytes = file({
      pre_tokenizer: { type: 'Split', pattern: { Regex: '(a+)+b' }, behavior: 'Isolated' },
    });
    const checked = checkTokenizerInChild({ name: 'evil.json', bytes }, { ...limits, signal: stop.signal });
    setTimeout(() => stop.abort(new Error('cancelled')), 500);
    await assert.rejects(checked, /cancelled/);
  });
});
