import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SqlensError } from '../../../../common/errors.ts';
import type { CopyOptions } from '../../../query/copy/options.ts';
import { Fields } from './fields.ts';
import { Lines } from './lines.ts';

const text: CopyOptions = {
  format: 'text',
  delimiter: '\t',
  quote: '"',
  escape: '"',
  null: '\\N',
  header: 'none',
  encoding: 'utf8',
  forceQuote: [],
  forceNotNull: [],
  forceNull: [],
};
const csv: CopyOptions = { ...text, format: 'csv', delimiter: ',', null: '' };
const seed = 20_240_229;

/** Small and repeatable; printed with what fails. */
function randomOf(start: number): (below: number) => number {
  let state = start;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 8) % below;
  };
}

/** Every line's fields, or the error that ended them. */
function read(data: Buffer, options: CopyOptions, pieces: readonly number[]): unknown[] {
  const lines = new Lines(options);
  const fields = new Fields(4, options);
  const found: unknown[] = [];
  const take = (): void => {
    while (lines.find()) {
      fields.split(lines.buffer, lines.start, lines.end);
      const values = Array.from({ length: Math.min(4, fields.count) }, (_, at) =>
        fields.isNull[at] === 1 ? null : fields.bytes(at).toString('latin1'),
      );
      found.push([lines.number, fields.count, ...values]);
    }
  };
  try {
    let at = 0;
    for (const length of pieces) {
      lines.push(Buffer.from(data.subarray(at, at + length)));
      at += length;
      take();
    }
    lines.push(Buffer.from(data.subarray(at)));
    take();
    lines.complete();
    take();
  } catch (error) {
    found.push(error instanceof SqlensError ? [error.sqlState, error.message] : error);
  }
  return found;
}

describe('lines and fields', () => {
  test('are the same in whatever pieces they come', () => {
    const random = randomOf(seed);
    const alphabets = {
      text: [
        'a',
        'bc',
        '\t',
        '\n',
        '\r\n',
        '\r',
        '\\',
        '\\N',
        '\\.',
        '\\x41',
        '\\101',
        'ä',
        '\\\n',
        '\n\\.\n',
        '\n',
      ],
      csv: ['a', 'bc', ',', '\n', '\r\n', '\r', '"', '""', '"x,y"', '"\n"', '\\.', 'ä', '\n\\.\n', '\n', ','],
    };
    for (const options of [text, csv, { ...csv, escape: '\\' }]) {
      const alphabet = options.format === 'csv' ? alphabets.csv : alphabets.text;
      for (let round = 0; round < 3000; round++) {
        const parts = Array.from({ length: random(14) }, () => alphabet[random(alphabet.length)] ?? '');
        const data = Buffer.from(parts.join(''));
        const whole = read(data, options, [data.length]);
        const about = `seed ${seed}, ${options.format}, ${JSON.stringify(data.toString())}`;
        const bytes = Array.from({ length: data.length }, () => 1);
        assert.deepEqual(read(data, options, bytes), whole, about);
        const pieces = Array.from({ length: 6 }, () => random(5));
        assert.deepEqual(read(data, options, pieces), whole, `${about} in ${pieces}`);
      }
    }
  });

  test('escapes of the text format', () => {
    const data = Buffer.from('a\\tb\\\\c\\x41\\101\\q\\\t\t\\N\t\\\\N\n');
    assert.deepEqual(read(data, text, []), [[1, 3, 'a\tb\\cAAq\t', null, '\\N']]);
  });

  test('quotes of csv, and what only looks like NULL', () => {
    const data = Buffer.from('"a ""b""","",,x"y,z"w\n"two\nlines",\n');
    assert.deepEqual(read(data, csv, []), [
      [1, 4, 'a "b"', '', null, 'xy,zw'],
      [3, 2, 'two\nlines', null],
    ]);
  });

  test('bytes that are no text are found in their line', () => {
    const data = Buffer.from('ok\n\xff\n', 'latin1');
    const expected = [
      [1, 1, 'ok'],
      ['22021', 'invalid byte sequence for encoding "UTF8": 0xff'],
    ];
    assert.deepEqual(read(data, text, []), expected);
    assert.deepEqual(read(data, text, [1, 1, 1, 1]), expected);
  });
});
