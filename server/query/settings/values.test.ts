import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SqlensError } from '../../../common/errors.ts';
import { parseSetting, settingDefinition, settingDefinitions, showSetting } from './index.ts';

function definition(name: string) {
  const found = settingDefinition(name);
  assert.ok(found !== undefined, name);
  return found;
}

/** What PostgreSQL 15 answers to SET and SHOW. */
const shown: readonly (readonly [name: string, value: string, shown: string])[] = [
  ['statement_timeout', '1500us', '2ms'],
  ['statement_timeout', '1.6', '2ms'],
  ['statement_timeout', '0x10', '16ms'],
  ['statement_timeout', '90 s', '90s'],
  ['statement_timeout', '120s', '2min'],
  ['statement_timeout', '0', '0'],
  ['work_mem', '1.5GB', '1536MB'],
  ['work_mem', '1024', '1MB'],
  ['vacuum_cost_delay', '1500us', '1500us'],
  ['seq_page_cost', '1.50', '1.5'],
  ['jit', 'of', 'off'],
  ['client_min_messages', 'debug', 'debug2'],
  ['backslash_quote', 'true', 'on'],
  ['TimeZone', 'utc', 'UTC'],
  ['client_encoding', 'utf-8', 'UTF8'],
];

test('values are read and shown as PostgreSQL does', () => {
  for (const [name, value, expected] of shown) {
    const found = definition(name);
    assert.equal(showSetting(found, parseSetting(found, value, found.boot)), expected, `${name} = ${value}`);
  }
});

test('what is no value says so in words of PostgreSQL', () => {
  for (const [name, value, message] of [
    ['jit', 'o', /requires a Boolean value/],
    ['statement_timeout', '-5', /^-5 ms is outside the valid range .*\(0 \.\. 2147483647\)$/],
    ['seq_page_cost', '1e400', /^invalid value for parameter "seq_page_cost": "1e400"$/],
    ['bytea_output', 'base64', /^invalid value for parameter "bytea_output": "base64"$/],
    ['TimeZone', 'Middle/Earth', /^invalid value/],
  ] as const) {
    assert.throws(
      () => parseSetting(definition(name), value, ''),
      (error) => error instanceof SqlensError && message.test(error.message),
      `${name} = ${value}`,
    );
  }
});

test('every setting takes its own default, and stands in the table once', () => {
  const names = new Set<string>();
  for (const each of settingDefinitions) {
    assert.ok(!names.has(each.name.toLowerCase()), each.name);
    names.add(each.name.toLowerCase());
    assert.equal(parseSetting(each, each.boot, each.boot), each.boot, each.name);
  }
});
