/** PostgreSQL's own client library, by psql: what it does with our TLS and our logins. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Harness, startHarness } from '../testing/harness.ts';
import { parseVerifier } from './verifier.ts';

const run = promisify(execFile);
const version = spawnSync('psql', ['--version'], { encoding: 'utf8' }).stdout ?? '';
const major = Number(/\(PostgreSQL\) (\d+)/.exec(version)?.[1] ?? 0);
const skip = major < 13 ? 'psql of PostgreSQL 13 or newer is not installed' : false;

const file = (name: string): string =>
  fileURLToPath(new URL(`../testing/fixtures/${name}.pem`, import.meta.url));
const tls = { cert: readFileSync(file('test-cert')), key: readFileSync(file('test-key')) };
/** PostgreSQL 15 wrote this for the password "Grün$:x". */
const fromPostgres =
  'SCRAM-SHA-256$4096:fwkOZ9Yq4/5g+t94FYSTaA==$jHRYgTH40KDasgUdcNNXnXBXEq8g3nnaI/12gKPNiJs=:iEW5CD3fXctj0E3YAsowmY/CFaoF9XF4lZ5uA125tO8=';
const passwords = new Map([['dana', { role: 'analyst', secret: parseVerifier(fromPostgres) }]] as const);

/** @returns "ok", or what psql complained about */
async function psql(port: number, settings: string, password = 'Grün$:x'): Promise<string> {
  const conninfo = `host=localhost hostaddr=127.0.0.1 port=${port} user=dana dbname=d gssencmode=disable ${settings}`;
  const environment = { PATH: process.env.PATH, PGPASSWORD: password, PGCONNECT_TIMEOUT: '20', LC_ALL: 'C' };
  try {
    const { stdout } = await run('psql', ['-X', '-A', '-t', '-c', "SELECT 'ok'", conninfo], {
      env: environment,
    });
    return stdout.trim();
  } catch (error) {
    return error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
  }
}

describe('libpq', { skip }, () => {
  let open: Harness;
  let strict: Harness;
  let plain: Harness;
  before(async () => {
    open = await startHarness({ tls, passwords });
    strict = await startHarness({ tls, passwords, requireTls: true });
    plain = await startHarness({ passwords });
  });
  after(async () => {
    for (const harness of [open, strict, plain]) {
      assert.deepEqual(harness.errors, []);
      await harness.close();
    }
  });

  const root = `sslrootcert=${file('test-cert')}`;
  const wrongRoot = `sslrootcert=${fileURLToPath(new URL('fixtures/rsa-sha256.pem', import.meta.url))}`;
  const cases: readonly (readonly [settings: string, open: RegExp, strict: RegExp, plain: RegExp])[] = [
    ['sslmode=disable', /^ok$/, /no pg_hba\.conf entry .* no encryption/, /^ok$/],
    ['sslmode=allow', /^ok$/, /^ok$/, /^ok$/],
    ['sslmode=prefer', /^ok$/, /^ok$/, /^ok$/],
    ['sslmode=require', /^ok$/, /^ok$/, /server does not support SSL/],
    [`sslmode=verify-ca ${root}`, /^ok$/, /^ok$/, /server does not support SSL/],
    [`sslmode=verify-full ${root}`, /^ok$/, /^ok$/, /server does not support SSL/],
    [
      `sslmode=verify-full ${wrongRoot}`,
      /certificate verify failed/,
      /certificate verify failed/,
      /server does not support SSL/,
    ],
    ['sslmode=require channel_binding=require', /^ok$/, /^ok$/, /server does not support SSL/],
    ['sslmode=require channel_binding=disable', /^ok$/, /^ok$/, /server does not support SSL/],
    [
      'sslmode=disable channel_binding=require',
      /channel binding/,
      /channel binding|no encryption/,
      /channel binding/,
    ],
    ['sslmode=require ssl_max_protocol_version=TLSv1.2 channel_binding=require', /^ok$/, /^ok$/, /SSL/],
  ];
  for (const [settings, ...expected] of cases) {
    test(settings.replaceAll(/=\S*\//g, '='), async () => {
      for (const [at, harness] of [open, strict, plain].entries()) {
        assert.match(await psql(harness.port, settings), expected[at] ?? /never/);
      }
    });
  }

  test('direct TLS', { skip: major < 17 ? 'it needs psql 17' : false }, async () => {
    const settings = `sslmode=verify-full ${root} sslnegotiation=direct`;
    assert.equal(await psql(open.port, settings), 'ok');
  });

  test('a wrong password', async () => {
    assert.match(
      await psql(open.port, 'sslmode=require', 'x'),
      /password authentication failed for user "dana"/,
    );
  });

  test('settings in options, with escapes', async () => {
    const options = String.raw`options='-c application_name=a\\ b\\\\c -cstatement_timeout=5s --Extra-Float-Digits=2'`;
    assert.equal(await psql(open.port, `sslmode=disable ${options}`), 'ok');
    const start = open.backend.starts.at(-1);
    assert.equal(start?.applicationName, 'psql');
    assert.deepEqual(
      start?.settings,
      new Map([
        ['statement_timeout', '5s'],
        ['extra_float_digits', '2'],
      ]),
    );
    for (const [wrong, message] of [
      ['-c application_name', '-c application_name requires a value'],
      ['--work_mem 5', '--work_mem requires a value'],
      ['-c', 'invalid command-line argument for server process: -c'],
      ['-x', 'invalid command-line argument for server process: -x'],
      ['word', 'invalid command-line argument for server process: word'],
    ] as const) {
      const answer = await psql(open.port, `sslmode=disable options='${wrong}'`);
      assert.ok(answer.includes(`FATAL:  ${message}\n`), answer);
    }
  });
});
