import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { test } from 'node:test';
import { SqlensError } from '../common/errors.ts';
import { firstLine, readHidden } from './password-prompt.ts';
import { parsePasswordFile } from './pgwire/auth/password-file.ts';
import { scramSecret } from './pgwire/index.ts';
import { userCommand } from './user-command.ts';

/** Runs commands in a folder of their own; `answers` is what is typed. */
async function withFile(
  work: (
    file: string,
    command: (
      args: string,
      answers?: readonly (string | undefined)[],
      isInteractive?: boolean,
    ) => Promise<string>,
  ) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sqlens-user-'));
  const file = path.join(folder, 'users');
  try {
    await work(file, async (args, answers = [], isInteractive = false) => {
      let printed = '';
      const left = [...answers];
      const io = {
        print: (text: string) => {
          printed += text;
        },
        readPassword: () => Promise.resolve(left.shift()),
        isInteractive,
      };
      await userCommand(args.split(' '), { SQLENS_PASSWORD_FILE: file }, io);
      assert.deepEqual(left, []);
      return printed.replaceAll(file, 'FILE');
    });
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name !== 'users'),
      [],
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('users are added, changed, listed and removed', () =>
  withFile(async (file, command) => {
    assert.equal(await command('add anna --role admin', ['geheim']), 'added anna (admin) in FILE\n');
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.equal(
      await command('add bert --role analyst', ['b', 'b'], true),
      'added bert (analyst) in FILE\n',
    );
    assert.equal(await command('add anna --role analyst', ['neu']), 'changed anna (analyst) in FILE\n');
    assert.equal(await command('list'), 'analyst  anna\nanalyst  bert\n');
    const text = await readFile(file, 'utf8');
    assert.ok(!text.includes('neu'));
    const secret = parsePasswordFile(text, 'users').get('anna')?.secret;
    assert.deepEqual(secret, scramSecret('neu', secret?.salt));
    assert.match(await command('remove bert'), /^removed bert from FILE/);
    assert.equal(await command('list'), 'analyst  anna\n');
  }));

test('what is wrong is said, and nothing is changed', () =>
  withFile(async (file, command) => {
    await command('add anna --role admin', ['x']);
    const before = await readFile(file, 'utf8');
    const wrong: [args: string, answers: (string | undefined)[], isInteractive: boolean, pattern: RegExp][] =
      [
        ['add bert', [], false, /which role/],
        ['add bert --role root', [], false, /"root" is not a role/],
        ['add a:b --role admin', [], false, /cannot be called/],
        ['add bert --role admin', [''], false, /password is empty/],
        ['add bert --role admin', [undefined], false, /password is empty/],
        ['add bert --role admin', ['x'.repeat(1025)], false, /longer than 1024/],
        ['add bert --role admin', ['x', 'y'], true, /differ/],
        ['add bert --role admin secret', [], false, /cannot be understood/],
        ['add bert --password secret', [], false, /--password/],
        ['remove bert', [], false, /there is no user "bert"/],
        ['remove', [], false, /cannot be understood/],
        ['list all', [], false, /cannot be understood/],
      ];
    for (const [args, answers, isInteractive, pattern] of wrong) {
      await assert.rejects(command(args, answers, isInteractive), (error) => {
        assert.ok(error instanceof SqlensError, args);
        assert.match(error.message, pattern, args);
        return true;
      });
      assert.equal(await readFile(file, 'utf8'), before, args);
    }
    await writeFile(file, `${before}broken\n`);
    await assert.rejects(command('add bert --role admin', []), /line 2/);
    await assert.rejects(
      userCommand(['list'], {}, { print: assert.fail, readPassword: assert.fail, isInteractive: false }),
      /which password file/,
    );
  }));

test('a password is the first line of the input', async () => {
  for (const [chunks, password] of [
    [['geheim\n'], 'geheim'],
    [['ge', 'heim\r\nmore'], 'geheim'],
    [['Grün'], 'Grün'],
    [[Buffer.from([0x47, 0xc3]), Buffer.from([0xbc, 0x0a])], 'Gü'],
    [['\n'], ''],
    [[], undefined],
  ] as const) {
    assert.equal(await firstLine(Readable.from(chunks, { objectMode: true })), password);
  }
});

test('a password that is typed is not shown, and can be corrected', async () => {
  for (const [typed, password] of [
    ['geheim\r', 'geheim'],
    ['gx\u007feheim\n', 'geheim'],
    ['falsch\u0015ja\r', 'ja'],
    ['ab\u0003', undefined],
    ['\u0004', undefined],
  ] as const) {
    const modes: boolean[] = [];
    const terminal = Object.assign(new PassThrough(), {
      setRawMode: (mode: boolean) => {
        modes.push(mode);
      },
    });
    const screen = new PassThrough();
    const answer = readHidden('Password: ', terminal, screen);
    for (const character of typed) terminal.write(character);
    assert.equal(await answer, password);
    assert.equal(screen.read()?.toString(), 'Password: \n');
    assert.deepEqual(modes, [true, false]);
  }
});
