import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { SqlensError } from '../common/errors.ts';
import { configHelp, readConfig } from './config.ts';

test('flags win over variables, variables over the file, the file over the defaults', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'sqlens-config-'));
  try {
    const file = path.join(folder, 'sqlens.json');
    await writeFile(
      file,
      JSON.stringify({ port: 1, 'http-port': 2, workers: 3, 'allow-path': ['/a', '/b'] }),
    );
    const config = readConfig(['--config', file, '--port', '11'], {
      SQLENS_PORT: '12',
      SQLENS_HTTP_PORT: '13',
    });
    assert.equal(config.port, 11);
    assert.equal(config.httpPort, 13);
    assert.equal(config.workers, 3);
    assert.deepEqual(config.allowPaths, ['/a', '/b']);
    assert.equal(config.host, '127.0.0.1');
    assert.equal(config.httpHost, '127.0.0.1');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('repeatable flags, lists in variables, and variables that everyone knows', () => {
  assert.deepEqual(readConfig(['--allow-path', '/a', '--allow-path', '/b'], {}).allowPaths, ['/a', '/b']);
  assert.deepEqual(readConfig([], { SQLENS_ALLOW_PATH: '/a,/b' }).allowPaths, ['/a', '/b']);
  assert.equal(
    readConfig([], { AWS_ENDPOINT_URL: 'http://localhost:9000' }).s3Endpoint,
    'http://localhost:9000',
  );
  assert.equal(readConfig(['--empty'], {}).empty, true);
  assert.equal(readConfig([], { SQLENS_EMPTY: 'false' }).empty, false);
});

test('what is wrong is named', () => {
  const wrong: [args: string[], environment: NodeJS.ProcessEnv, pattern: RegExp][] = [
    [['--port', 'x'], {}, /--port/],
    [['--port', '99999'], {}, /--port/],
    [['--nosuch'], {}, /nosuch/],
    [['--workers', '0'], {}, /--workers/],
    [['--tls-cert', 'x'], {}, /--tls-key/],
    [['--require-tls'], {}, /--require-tls needs --tls-cert/],
    [['--tls-chain', 'x'], {}, /--tls-chain needs --tls-cert/],
    [['--password-file', 'x'], { SQLENS_PASSWORD: 'y' }, /SQLENS_PASSWORD.*exclude/],
    [['--log-level', 'loud'], {}, /--log-level/],
    [[], { SQLENS_EMPTY: 'perhaps' }, /--empty/],
  ];
  for (const [args, environment, pattern] of wrong) {
    assert.throws(
      () => readConfig(args, environment),
      (error) => error instanceof SqlensError && pattern.test(error.message) && error.hint !== undefined,
    );
  }
});

test('the help has every option with its variable', () => {
  for (const name of ['port', 'http-port', 'host', 'data-dir', 'allow-path', 'workers', 'threads', 'empty']) {
    assert.match(configHelp(), new RegExp(`--${name}\\b`));
    assert.match(configHelp(), new RegExp(`SQLENS_${name.toUpperCase().replaceAll('-', '_')}\\b`));
  }
});
