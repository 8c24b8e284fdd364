import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serialize } from 'pg-protocol';
import { queryMessage, safeMessages } from './frontend-bytes.ts';

const types = (bytes: Buffer): string => {
  let found = '';
  for (let at = 0; at < bytes.length; at += 1 + bytes.readUInt32BE(at + 1))
    found += String.fromCharCode(bytes[at] ?? 0);
  return found;
};

test('statements that read go on, whatever stands before them', () => {
  for (const sql of [
    ...[
      'select 1',
      ' \n\t(SELECT 1)',
      'with x as (select 1) table x',
      'values (1)',
      'table pg_class',
      'SHOW all',
    ],
    ...[
      'explain select 1',
      '-- a\n--b\r\n select 1',
      '/* /* x */ -- */ select 1',
      '',
      '  ',
      ';',
      '-- nothing',
      '/**/',
    ],
  ]) {
    assert.equal(types(safeMessages(queryMessage(sql)).bytes), 'PBDES', sql);
  }
});

test('others do not, however they are dressed up', () => {
  for (const sql of [
    ...[
      'commit',
      'ROLLBACK',
      'set role x',
      'reset all',
      'do $$$$',
      'call f()',
      'copy t to stdout',
      'selectx',
    ],
    ...[
      '/* /* */ select */ commit',
      '-- select\ncommit',
      ';commit',
      '((commit))',
      'prepare x as select 1',
      'begin',
    ],
    ...[
      'discard all',
      'execute x',
      'deallocate all',
      'listen x',
      'lock t',
      'vacuum',
      'with_x',
      '$1',
      '\u00a0commit',
    ],
  ]) {
    assert.throws(() => safeMessages(queryMessage(sql)), { sqlState: '0A000' }, sql);
    assert.throws(() => safeMessages(serialize.parse({ text: sql })), { sqlState: '0A000' }, sql);
  }
});

test('messages are ended by one Sync; what is no message is refused', () => {
  const parse = serialize.parse({ name: 's1', text: 'select $1::int' });
  const bind = serialize.bind({ statement: 's1', values: ['5'] });
  const found = safeMessages(
    Buffer.concat([parse, serialize.sync(), bind, serialize.flush(), serialize.sync()]),
  );
  assert.equal(types(found.bytes), 'PBS');
  assert.equal(found.hasNamedStatements, true);
  assert.equal(found.isSimple, false);
  assert.equal(safeMessages(serialize.parse({ text: 'select 1' })).hasNamedStatements, false);
  for (const bytes of [
    parse.subarray(0, -1),
    Buffer.from('P'),
    Buffer.from([0x50, 0, 0, 0, 3]),
    Buffer.from([0x50, 255, 255, 255, 255, 0]),
    Buffer.from([0x46, 0, 0, 0, 4]),
    serialize.copyDone(),
    Buffer.concat([queryMessage('select 1'), queryMessage('select 2')]),
    Buffer.from([0x51, 0, 0, 0, 5, 0x41]),
  ]) {
    assert.throws(() => safeMessages(bytes), { sqlState: '08P01' }, bytes.toString('hex'));
  }
});
