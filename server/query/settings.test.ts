import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SqlensError } from '../../common/errors.ts';
import { Settings } from './settings.ts';

const failsWith = (sqlState: string) => (error: unknown) =>
  error instanceof SqlensError && error.sqlState === sqlState;

test('names are found without regard to case, values normalised', () => {
  const settings = new Settings(new Map());
  assert.deepEqual(settings.set('datestyle', 'iso'), {
    name: 'DateStyle',
    value: 'ISO, MDY',
    reported: true,
  });
  assert.equal(settings.set('STATEMENT_TIMEOUT', '2s').value, '2000');
  assert.equal(settings.set('jit', 'TRUE').value, 'on');
  assert.equal(settings.get('DATESTYLE'), 'ISO, MDY');
});

test('what is unknown, fixed or senseless is refused', () => {
  const settings = new Settings(new Map());
  assert.throws(() => settings.set('threads', '4'), failsWith('42704'));
  assert.throws(() => settings.set('server_version', '9'), failsWith('55P02'));
  assert.throws(() => settings.set('client_encoding', 'LATIN1'), failsWith('22023'));
  assert.throws(() => settings.set('statement_timeout', 'soon'), failsWith('22023'));
});

test('RESET goes back to what the session started with', () => {
  const settings = new Settings(new Map([['application_name', 'psql']]));
  settings.set('statement_timeout', '1s');
  settings.rememberAsReset();
  settings.set('statement_timeout', '5s');
  assert.deepEqual(settings.changed(), ['statement_timeout']);
  assert.equal(settings.resetValue('statement_timeout'), '1000');
  assert.equal(settings.get('application_name'), 'psql');
});

test('the thirteen reported parameters come in order', () => {
  const names = new Settings(new Map()).reported().map(([name]) => name);
  assert.equal(names.length, 13);
  assert.equal(names[0], 'application_name');
  assert.equal(names.at(-1), 'TimeZone');
});
