import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SqlensError } from '../../../common/errors.ts';
import { Settings } from './settings.ts';

const failsWith = (sqlState: string) => (error: unknown) =>
  error instanceof SqlensError && error.sqlState === sqlState;

test('names are found without regard to case, values normalised', () => {
  const settings = new Settings(new Map());
  assert.deepEqual(settings.set('datestyle', 'iso, dmy'), [
    { name: 'DateStyle', value: 'ISO, DMY', reported: true },
  ]);
  settings.set('STATEMENT_TIMEOUT', '2s');
  assert.equal(settings.get('statement_timeout'), '2s');
  assert.equal(settings.number('statement_timeout'), 2000);
  settings.set('jit', 'TRUE');
  assert.equal(settings.get('JIT'), 'on');
});

test('what is unknown, fixed or senseless is refused', () => {
  const settings = new Settings(new Map());
  assert.throws(() => settings.set('threads', '4'), failsWith('42704'));
  assert.throws(() => settings.set('server_version', '9'), failsWith('55P02'));
  assert.throws(() => settings.set('client_encoding', 'LATIN1'), failsWith('0A000'));
  assert.throws(() => settings.set('statement_timeout', 'soon'), failsWith('22023'));
});

test('RESET goes back to what the session started with', () => {
  const settings = new Settings(new Map([['application_name', 'psql']]));
  settings.set('statement_timeout', '1s');
  settings.rememberAsReset();
  settings.set('statement_timeout', '5s');
  assert.deepEqual(settings.changed(), ['statement_timeout']);
  assert.equal(settings.resetValue('statement_timeout'), '1000');
  assert.deepEqual(settings.set('statement_timeout', undefined), [
    { name: 'statement_timeout', value: '1s', reported: false },
  ]);
  assert.equal(settings.get('application_name'), 'psql');
});

test('the thirteen reported parameters come in order', () => {
  const names = new Settings(new Map()).reported().map(([name]) => name);
  assert.equal(names.length, 13);
  assert.equal(names[0], 'application_name');
  assert.equal(names.at(-1), 'TimeZone');
});
