import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tokenizer, type Tokens } from '../../models/text/tokenizer.ts';
import type { TextTask, TokenRole } from '../text-model.ts';
import { tokenInputs } from '../text-model.ts';
import { groupTexts, poolText, textFeeds, tokensOf } from './text.ts';

function task(roles: readonly TokenRole[], length: number | null = null): TextTask {
  return {
    tokenizer: '',
    tokenizerPath: '',
    max_length: 16,
    pooling: 'mean',
    normalize: false,
    output: undefined,
    roles,
    length,
  };
}

/** Letters a to e are 1 to 5; padding is 9, of type 7. */
function letters(direction: 'Left' | 'Right'): Tokenizer {
  const vocab = { '[UNK]': 0, a: 1, b: 2, c: 3, d: 4, e: 5 };
  const file = {
    model: { type: 'WordLevel', unk_token: '[UNK]', vocab },
    pre_tokenizer: { type: 'WhitespaceSplit' },
    padding: { direction, pad_id: 9, pad_type_id: 7 },
  };
  return Tokenizer.parse(Buffer.from(JSON.stringify(file)));
}

function tokens(...lengths: number[]): Map<number, Tokens> {
  return new Map(
    lengths.map((length, at) => [at, { ids: new Int32Array(length), types: new Int32Array(length) }]),
  );
}

const rowsOf = (lengths: number[], text: TextTask, rows_max = 100) =>
  groupTexts(tokens(...lengths), text, rows_max).map(({ rows, length }) => [length, ...rows]);

test('texts run together where padding costs little, and never more than the graph takes', () => {
  const masked = task(['ids', 'mask']);
  assert.deepEqual(rowsOf([3, 10, 5, 4, 9], masked), [
    [10, 1, 4, 2],
    [4, 3, 0],
  ]);
  assert.deepEqual(rowsOf([3, 10, 5, 4, 9], masked, 2), [
    [10, 1, 4],
    [5, 2, 3],
    [3, 0],
  ]);
  // Padding that no mask hides would change the answer.
  assert.deepEqual(rowsOf([3, 4, 3], task(['ids'])), [
    [4, 1],
    [3, 0, 2],
  ]);
  assert.deepEqual(rowsOf([3, 4, 3], task(['ids'], 8)), [[8, 1, 0, 2]]);
});

test('padding stands where the tokenizer wants it', () => {
  const roles: TokenRole[] = ['ids', 'mask', 'types', 'positions'];
  for (const [direction, ids, mask, types, positions] of [
    ['Right', [1, 2, 3, 4, 9, 9], [1, 1, 1, 1, 0, 0], [0, 0, 0, 0, 7, 7], [0, 1, 2, 0, 0, 0]],
    ['Left', [1, 2, 3, 9, 9, 4], [1, 1, 1, 0, 0, 1], [0, 0, 0, 7, 7, 0], [0, 1, 2, 0, 0, 0]],
  ] as const) {
    const tokenizer = letters(direction);
    const text = task(roles);
    const both = ['a b c', 'd'].map((content) => tokensOf(tokenizer, content, text));
    const fed = textFeeds({ rows: [0, 1], tokens: both, length: 3 }, roles, tokenizer, 2);
    assert.deepEqual(
      fed.map((values) => [...values]),
      [ids, mask, types, positions],
      direction,
    );
  }
});

test('pooling counts the tokens of the text alone', () => {
  const vectors = Float32Array.of(1, 5, 3, 1, 90, 90);
  const pooled = (pooling: TextTask['pooling'], normalize = false) => [
    ...poolText(vectors, 2, 0, 2, { pooling, normalize }),
  ];
  assert.deepEqual(pooled('mean'), [2, 3]);
  assert.deepEqual(pooled('max'), [3, 5]);
  assert.deepEqual(pooled('cls'), [1, 5]);
  assert.deepEqual(pooled('none'), [1, 5, 3, 1]);
  assert.deepEqual(
    pooled('none', true).map((value) => value.toFixed(4)),
    ['0.1961', '0.9806', '0.9487', '0.3162'],
  );
  assert.deepEqual([...poolText(vectors, 2, 1, 1, { pooling: 'cls', normalize: false })], [3, 1]);
  assert.deepEqual([...poolText(vectors, 2, 0, 0, { pooling: 'max', normalize: true })], [0, 0]);
  assert.deepEqual(
    [...poolText(Float32Array.of(3, 4), undefined, 0, 9, { pooling: 'none', normalize: true })].map((v) =>
      v.toFixed(4),
    ),
    ['0.6000', '0.8000'],
  );
});

test('a text without tokens is one where the graph has a length, and an error where not', () => {
  assert.equal(tokensOf(letters('Right'), '', task(['ids'], 4)).ids.length, 0);
  assert.throws(() => tokensOf(letters('Right'), ' ', task(['ids'])), { message: /no tokens/ });
});

test('inputs are known by their names', () => {
  const spec = (name: string, ...shape: (number | null)[]) => ({ name, type: 'int64' as const, shape });
  assert.deepEqual(
    tokenInputs([spec('input_ids', null), spec('token_type_ids', null), spec('attention_mask:0', null)]),
    { roles: ['ids', 'types', 'mask'], length: null },
  );
  assert.deepEqual(tokenInputs([spec('whatever', 12)]), { roles: ['ids'], length: 12 });
  assert.deepEqual(
    tokenInputs([spec('model/token_ids', 8), spec('padding_mask', 8), spec('position_ids', 8)]).roles,
    ['ids', 'mask', 'positions'],
  );
  for (const wrong of [
    [spec('image', 8, 8, 3)],
    [spec('input_ids', 8), spec('extra', 8)],
    [spec('input_ids', 8), spec('attention_mask', 9)],
    [spec('input_ids', 8), spec('decoder.input_ids', 8)],
    [spec('attention_mask', 8), spec('token_type_ids', 8)],
  ]) {
    assert.throws(() => tokenInputs(wrong), { sqlState: '42804' });
  }
});
