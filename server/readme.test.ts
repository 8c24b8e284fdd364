import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { configHelp } from './config.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const help = configHelp();

test('the README has every option and its variable', () => {
  const named = [...help.matchAll(/--[a-z0-9-]+|SQLENS_[A-Z0-9_]+/g)].map(([name]) => name);
  assert.ok(named.length > 20);
  for (const name of named) {
    assert.match(readme, new RegExp(`\`${name}[\` ]`), `${name} is not in README.md`);
  }
});

test('the README names no option that does not exist', () => {
  const table = readme.slice(readme.indexOf('\n## Options'), readme.indexOf('\n## HTTP interface'));
  const rows = table.split('\n').filter((line) => line.startsWith('| `--'));
  assert.ok(rows.length > 10);
  for (const row of rows) {
    const [flag = ''] = /--[a-z0-9-]+/.exec(row) ?? [];
    assert.ok(help.includes(`  ${flag} `) || help.includes(`  ${flag}\n`), `${flag} is not an option`);
  }
});
