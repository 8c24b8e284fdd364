/** The format itself: what parses, how rows are written and compared, and that a wrong file fails. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { difference, formatRows } from './compare.ts';
import { parseSlt, SltSyntaxError } from './parse.ts';
import { runSltFile } from './run-file.ts';
import { makeFolders, type WorkFolders } from './sandbox-folder.ts';

const parse = (text: string) => parseSlt(text, 'x.slt', new Map([['DIR', '/d']]));

test('records, demands and variables', () => {
  const records = parse(
    [
      '# comment',
      'connection other',
      'inferred 3',
      'notice WARNING: .*',
      'params [1, null, "a"]',
      'query IT rowsort label',
      `SELECT '\${DIR}/x'`,
      '  FROM t',
      '----',
      '1   one',
      '2 NULL',
      '',
      'position nothing',
      'statement error 42P01 does not',
      'SELECT nothing',
      '',
      'statement ok',
      'SELECT 1',
      'halt',
    ].join('\n'),
  );
  assert.deepEqual(records, [
    {
      kind: 'query',
      sql: "SELECT '/d/x'\n  FROM t",
      types: ['I', 'T'],
      sort: 'rowsort',
      label: 'label',
      expected: ['1 one', '2 NULL'],
      demands: {
        connection: 'other',
        params: ['1', null, 'a'],
        prepared: undefined,
        inferred: 3,
        notices: [/WARNING: .*/],
        position: undefined,
        tag: undefined,
        columns: undefined,
      },
      line: 6,
    },
    {
      kind: 'statement',
      sql: 'SELECT nothing',
      error: { sqlState: '42P01', message: /does not/ },
      demands: {
        connection: 'default',
        params: undefined,
        prepared: undefined,
        inferred: undefined,
        notices: [],
        position: 'nothing',
        tag: undefined,
        columns: undefined,
      },
      line: 14,
    },
    // "halt" belongs to the SQL: there is no empty line before it.
    {
      kind: 'statement',
      sql: 'SELECT 1\nhalt',
      error: undefined,
      demands: {
        connection: 'default',
        params: undefined,
        prepared: undefined,
        inferred: undefined,
        notices: [],
        position: undefined,
        tag: undefined,
        columns: undefined,
      },
      line: 17,
    },
  ]);
});

test('files that are wrong say where', () => {
  const wrong: [text: string, line: number, message: RegExp][] = [
    ['\nnonsense', 2, /"nonsense" is no record/],
    ['statement maybe\nSELECT 1', 1, /statement takes/],
    ['statement ok\n\nSELECT 1', 1, /there is no SQL/],
    ['query X\nSELECT 1\n----\n1', 1, /"X" is no column type/],
    ['query\nSELECT 1', 1, /one letter per column/],
    ['query I\nSELECT 1', 1, /needs ----/],
    [`query I\nSELECT \${NOTHING}\n----\n1`, 2, /no variable NOTHING/],
    ['inferred few\nstatement ok\nSELECT 1', 1, /takes a number/],
    ['params 1\nstatement ok\nSELECT 1', 1, /JSON list/],
    ['notice [\nstatement ok\nSELECT 1', 1, /no regular expression/],
    ['connection a\n', 2, /without a record/],
  ];
  for (const [text, line, message] of wrong) {
    assert.throws(
      () => parse(text),
      (error) =>
        error instanceof SltSyntaxError &&
        error.message.startsWith(`x.slt:${line}: `) &&
        message.test(error.message),
      text,
    );
  }
});

test('rows as text', () => {
  const rows = [
    ['2', 'b  c', '0.30000000000000004', 't'],
    ['10', '', null, 'f'],
  ];
  assert.deepEqual(formatRows(rows, ['I', 'T', 'R', 'B'], 'nosort'), [
    '2 b c 0.300 true',
    '10 (empty) NULL false',
  ]);
  assert.deepEqual(formatRows(rows, ['I', 'T', 'R', 'B'], 'rowsort')[0], '10 (empty) NULL false');
  assert.deepEqual(formatRows([['b', 'a']], ['T', 'T'], 'valuesort'), ['a', 'b']);
  assert.throws(() => formatRows([['1']], ['I', 'I'], 'nosort'), /1 columns, the record has 2/);
  assert.throws(() => formatRows([['1.5']], ['I'], 'nosort'), /no integer/);
  assert.throws(() => formatRows([['x']], ['R'], 'nosort'), /no number/);
  assert.throws(() => formatRows([['true']], ['B'], 'nosort'), /no boolean/);
});

test('differences are aligned', () => {
  assert.equal(difference(['a', 'b'], ['a', 'b']), undefined);
  assert.equal(
    difference(['a', 'b', 'c'], ['a', 'x', 'c', 'd']),
    'rows differ (- expected, + actual):\n  a\n- b\n+ x\n  c\n+ d',
  );
  assert.match(difference([], ['a']) ?? '', /\+ a$/);
  assert.match(difference(['a'], []) ?? '', /- a$/);
});

let folders: WorkFolders;
before(async () => {
  folders = await makeFolders();
});
after(() => folders.remove());

test('records that do not hold fail, each with file and line, and the rest still runs', async () => {
  const file = path.join(path.dirname(folders.allowed), 'wrong.slt');
  const records = [
    'query I\nSELECT 1\n----\n2', // 1
    'statement ok\nSELECT nothing', // 6
    'statement error 42P01\nSELECT nothing', // 9
    'statement error 42703 something else\nSELECT nothing', // 12
    'statement error\nSELECT 1', // 15
    'position SELECT\nstatement error 42703\nSELECT nothing', // 18
    'notice WARNING\nstatement ok\nSELECT 1', // 22
    'statement ok\nCOMMIT', // 26
    'inferred 1\nstatement ok\nSELECT 1', // 29
    'tag SELECT 2\nstatement ok\nSELECT 1', // 33
    'query I label\nSELECT 7\n----\n7', // 37
    'query I label\nSELECT 8', // 42
    'statement ok\nSELECT 1', // 45
  ];
  await writeFile(file, `${records.join('\n\n')}\n`);
  const lines = await runSltFile(file, folders).then(
    () => [],
    (error: Error) => [...error.message.matchAll(/wrong\.slt:(\d+): /g)].map(([, line]) => Number(line)),
  );
  assert.deepEqual(lines, [1, 6, 9, 12, 15, 19, 23, 26, 30, 34, 42]);
});
