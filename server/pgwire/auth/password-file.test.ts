import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { SqlensError } from '../../../common/errors.ts';
import { excessiveMode, parsePasswordFile, passwordLine, readPasswordFile } from './password-file.ts';
import { scramSecret } from './scram.ts';
import { verifierText } from './verifier.ts';

const secret = scramSecret('x', Buffer.alloc(16, 1));
const verifier = verifierText(secret);

test('lines, comments and line ends of any system', () => {
  const text = `\ufeff# who may come in\r\n\r\nalice:admin:${verifier}\r\n  \nBob Grün:analyst:${verifier}  \n`;
  const users = parsePasswordFile(text, 'users');
  assert.deepEqual([...users.keys()], ['alice', 'Bob Grün']);
  assert.deepEqual(users.get('Bob Grün'), { role: 'analyst', secret });
  const again = [...users].map(([name, user]) => passwordLine(name, user)).join('\n');
  assert.deepEqual(parsePasswordFile(again, 'users'), users);
  assert.equal(parsePasswordFile('', 'users').size, 0);
});

test('mistakes are told with their line, without what is secret', () => {
  const wrong: readonly (readonly [line: string, pattern: RegExp])[] = [
    ['alice', /line 3: it is not name:role:verifier/],
    [`alice:${verifier}`, /line 3: "SCRAM-SHA-256\$4096" is not a role|line 3: it is not/],
    [`alice:root:${verifier}`, /line 3: "root" is not a role: admin or analyst/],
    [`:admin:${verifier}`, /line 3: the user has no name/],
    [` alice:admin:${verifier}`, /line 3: a user cannot be called " alice"/],
    [`${'x'.repeat(64)}:admin:${verifier}`, /line 3: .* longer than 63 bytes/],
    ['alice:admin:hunter2', /line 3: the verifier cannot be read/],
    [`first:admin:${verifier}`, /line 3: user "first" is already in line 2/],
  ];
  for (const [line, pattern] of wrong) {
    assert.throws(
      () => parsePasswordFile(`# users\nfirst:analyst:${verifier}\n${line}\n`, '/etc/users'),
      (error) =>
        error instanceof SqlensError &&
        error.message.startsWith('/etc/users, line 3') &&
        pattern.test(error.message) &&
        !error.message.includes('hunter2') &&
        error.hint !== undefined,
      line,
    );
  }
  const many = Array.from({ length: 10_001 }, (_, at) => `user${at}:analyst:${verifier}`).join('\n');
  assert.throws(() => parsePasswordFile(many, 'users'), /line 10001: there are more than 10000 users/);
});

test('a file that others may read is refused', { skip: process.platform === 'win32' }, async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'sqlens-users-'));
  try {
    const file = path.join(folder, 'users');
    assert.throws(() => readPasswordFile(file), { sqlState: '58P01' });
    await writeFile(file, `alice:admin:${verifier}\n`, { mode: 0o600 });
    assert.equal(readPasswordFile(file).get('alice')?.role, 'admin');
    for (const mode of [0o640, 0o604, 0o660, 0o777]) {
      await chmod(file, mode);
      assert.throws(() => readPasswordFile(file), { sqlState: '42501', hint: `chmod 0600 ${file}` });
    }
    await chmod(file, 0o400);
    assert.equal(readPasswordFile(file).size, 1);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("root's files may be readable by the server's group", { skip: process.getuid?.() === 0 }, () => {
  assert.equal(excessiveMode(0o100640, 0), undefined);
  assert.equal(excessiveMode(0o100660, 0), '0640');
});
