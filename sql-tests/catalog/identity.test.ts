/** What belongs to the session or the server: however it is asked for, the answer is the same. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { CatalogServer, cell, refusalOf, rowsOf } from './server.testing.ts';

let server: CatalogServer;
let anna: pg.Client;
let bert: pg.Client;

before(async () => {
  server = await CatalogServer.start();
  anna = await server.connect('anna', { application_name: 'first' });
  bert = await server.connect('bert');
  await anna.query('CREATE TABLE t (a int); INSERT INTO t VALUES (1)');
});

after(() => server.remove());

/** A setting as every way to ask for it has it: alone, with the catalog, with tables, in a prepared statement. */
async function settingEverywhere(client: pg.Client, name: string): Promise<ReadonlySet<unknown>> {
  const quoted = `'${name}'`;
  const answers = [
    await cell(client, `SHOW ${name}`),
    await cell(client, `SELECT current_setting(${quoted})`),
    await cell(client, 'SELECT current_setting($1)', [name]),
    await cell(client, `SELECT current_setting(${quoted}) FROM pg_class LIMIT 1`),
    await cell(client, `SELECT current_setting(${quoted}) FROM t`),
    await cell(client, 'SELECT current_setting($1) FROM t WHERE a = $2', [name, 1]),
    await cell(client, 'SELECT current_setting(v) FROM (VALUES ($1)) AS x (v), pg_class LIMIT 1', [name]),
    await cell(client, `SELECT s FROM (SELECT current_setting(${quoted}) AS s FROM pg_class LIMIT 1) x, t`),
    await cell(client, 'SELECT setting FROM pg_settings WHERE lower(name) = lower($1)', [name]),
    await cell(client, `SELECT setting FROM pg_settings, t WHERE lower(name) = lower(${quoted})`),
  ];
  return new Set(answers);
}

test('settings: SHOW, current_setting, pg_settings and ParameterStatus agree', async () => {
  const reported = new Map<string, string>();
  anna.connection.on('parameterStatus', (message: { parameterName: string; parameterValue: string }) =>
    reported.set(message.parameterName, message.parameterValue),
  );
  for (const [name, value] of [
    ['application_name', 'second'],
    ['DateStyle', 'ISO, DMY'],
    ['TimeZone', 'Europe/Berlin'],
    ['IntervalStyle', 'iso_8601'],
    ['search_path', 'nosuch, public'],
    ['extra_float_digits', '3'],
    ['bytea_output', 'escape'],
    ['statement_timeout', '60000'],
    ['default_transaction_read_only', 'off'],
    ['client_min_messages', 'warning'],
  ] as const) {
    await anna.query(name === 'search_path' ? `SET ${name} = ${value}` : `SET ${name} = '${value}'`);
    const answers = [...(await settingEverywhere(anna, name))];
    // SHOW writes units; the others do not.
    const plain = new Set(answers.map((answer) => (answer === '1min' ? value : answer)));
    assert.deepEqual([...plain], [value], name);
    if (reported.has(name)) assert.equal(reported.get(name), value, `ParameterStatus ${name}`);
    await anna.query('BEGIN');
    const before = [...plain];
    await anna.query(
      name === 'search_path' ? 'SET LOCAL search_path = public' : `SET LOCAL ${name} TO DEFAULT`,
    );
    const local = await settingEverywhere(anna, name);
    assert.equal(
      new Set([...local].map((answer) => (answer === '1min' ? value : answer))).size,
      1,
      `local ${name}`,
    );
    await anna.query('ROLLBACK');
    const rolledBack = [...(await settingEverywhere(anna, name))].map((answer) =>
      answer === '1min' ? value : answer,
    );
    assert.deepEqual([...new Set(rolledBack)], before, `after ROLLBACK: ${name}`);
    await anna.query(`RESET ${name}`);
  }
  assert.deepEqual([...reported.keys()].sort(), [
    'DateStyle',
    'IntervalStyle',
    'TimeZone',
    'application_name',
  ]);
  assert.deepEqual(
    await rowsOf(
      anna,
      `SELECT set_config('application_name', 'x', false), current_setting('application_name')`,
    ),
    [['x', 'x']],
  );
  // By a column, as pg_dump does.
  await anna.query(
    `SELECT set_config(name, 'by a row', false) FROM pg_settings WHERE name = 'application_name'`,
  );
  assert.equal(await cell(anna, 'SHOW application_name'), 'by a row');
});

test('users, database, schemas, version and process id, for both roles and in each other’s sessions', async () => {
  for (const [client, user, role] of [
    [anna, 'anna', 'admin'],
    [bert, 'bert', 'analyst'],
  ] as const) {
    const asked =
      'current_user, session_user, current_role, current_database(), current_catalog, current_schema, version(), pg_backend_pid()';
    const [alone] = await rowsOf(client, `SELECT ${asked}`);
    assert.deepEqual((await rowsOf(client, `SELECT ${asked} FROM pg_class LIMIT 1`))[0], alone);
    assert.deepEqual((await rowsOf(client, `SELECT ${asked} FROM t`))[0], alone);
    assert.deepEqual((await rowsOf(client, `SELECT ${asked} FROM t WHERE a = $1`, [1]))[0], alone);
    assert.deepEqual(alone?.slice(0, 6), [user, user, user, 'sqlens', 'sqlens', 'public']);
    const version = await cell(client, 'SHOW server_version');
    assert.ok(alone?.[6]?.startsWith(`PostgreSQL ${version} `), `${alone?.[6]}`);
    assert.equal(
      await cell(client, 'SELECT pid FROM pg_stat_activity WHERE pid = pg_backend_pid()'),
      alone?.[7],
    );
    const rights = await rowsOf(
      client,
      `SELECT has_table_privilege('t', 'SELECT'), has_table_privilege('t', 'INSERT'), has_table_privilege('t', 'TRUNCATE'),
        has_schema_privilege('public', 'CREATE'), has_schema_privilege('public', 'USAGE'), pg_has_role('${role}', 'MEMBER'),
        has_column_privilege('t', 'a', 'UPDATE'), has_database_privilege('sqlens', 'CONNECT')`,
    );
    const isAdmin = role === 'admin' ? 't' : 'f';
    assert.deepEqual(rights, [['t', isAdmin, isAdmin, isAdmin, 't', 't', isAdmin, 't']], user);
    assert.equal((await refusalOf(client, 'INSERT INTO t VALUES (2)')) === undefined, role === 'admin');
  }
  // Also of logins that have never come.
  assert.deepEqual(
    await rowsOf(
      anna,
      `SELECT has_table_privilege('otto', 't', 'INSERT'), has_table_privilege('bert', 't', 'INSERT')`,
    ),
    [['t', 'f']],
  );
  await anna.query('DELETE FROM t WHERE a = 2');
});

test('in a failed transaction nothing is answered, and afterwards everything', async () => {
  await anna.query('BEGIN');
  await refusalOf(anna, 'SELECT * FROM nosuch');
  for (const sql of [
    'SELECT current_user',
    'SELECT 1 FROM pg_class',
    'SHOW application_name',
    'SELECT oid FROM pg_class, t',
  ]) {
    assert.match((await refusalOf(anna, sql)) ?? '', /^25P02 /, sql);
  }
  await anna.query('ROLLBACK');
  // The catalog's own errors fail a transaction as well.
  await anna.query('BEGIN');
  assert.match(
    (await refusalOf(anna, `SELECT 'nosuch'::regclass`)) ?? '',
    /^42P01 relation "nosuch" does not exist/,
  );
  assert.match((await refusalOf(anna, 'SELECT 1')) ?? '', /^25P02 /);
  await anna.query('ROLLBACK');
  assert.equal(await cell(anna, 'SELECT current_user'), 'anna');
});

test('pg_stat_activity: what sessions do, from where, and since when', async () => {
  const busy = await server.connect('anna', { application_name: 'busy' });
  const idle = await server.connect('bert', { application_name: 'idle' });
  await idle.query('BEGIN; SELECT 42 AS answer');
  const slow = busy.query('SELECT pg_sleep(30)').catch((error: unknown) => error);
  await sleep(100);
  const columns =
    'application_name, usename, state, query, client_addr, client_port > 0, backend_start <= now(), datname';
  const where = `application_name IN ('busy', 'idle') ORDER BY 1`;
  assert.deepEqual(await rowsOf(anna, `SELECT ${columns} FROM pg_stat_activity WHERE ${where}`), [
    ['busy', 'anna', 'active', 'SELECT pg_sleep(30)', '127.0.0.1', 't', 't', 'sqlens'],
    ['idle', 'bert', 'idle in transaction', 'SELECT 42 AS answer', '127.0.0.1', 't', 't', 'sqlens'],
  ]);
  assert.deepEqual(
    await rowsOf(bert, `SELECT application_name, query FROM pg_stat_activity WHERE ${where}`),
    [
      ['busy', '<insufficient privilege>'],
      ['idle', 'SELECT 42 AS answer'],
    ],
  );
  const own = 'SELECT query, state FROM pg_stat_activity WHERE pid = pg_backend_pid()';
  assert.deepEqual(await rowsOf(anna, own), [[own, 'active']]);
  assert.deepEqual(
    await rowsOf(
      anna,
      `SELECT inet_client_addr(), inet_server_addr(), inet_server_port(), inet_client_port() = client_port
       FROM pg_stat_activity WHERE pid = pg_backend_pid()`,
    ),
    [['127.0.0.1', '127.0.0.1', String(server.port), 't']],
  );
  assert.deepEqual(await rowsOf(anna, 'SELECT inet_client_addr(), inet_server_port() FROM t'), [
    ['127.0.0.1', String(server.port)],
  ]);
  assert.equal(
    await cell(anna, 'SELECT min(backend_start) >= pg_postmaster_start_time() FROM pg_stat_activity'),
    't',
  );
  assert.match(
    (await refusalOf(
      bert,
      `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'busy'`,
    )) ?? '',
    /^42501 /,
  );
  assert.deepEqual(
    await rowsOf(
      anna,
      `SELECT pg_cancel_backend(pid), usename FROM pg_stat_activity WHERE application_name = 'busy'`,
    ),
    [['t', 'anna']],
  );
  assert.match(String(await slow), /canceling statement due to user request/);
  const ended = new Promise((resolve) => idle.once('end', resolve));
  assert.deepEqual(
    await rowsOf(anna, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state LIKE 'idle in%'`),
    [['t']],
  );
  await ended;
  await busy.end();
  assert.equal(
    await cell(anna, `SELECT count(*) FROM pg_stat_activity WHERE ${where.replace('ORDER BY 1', '')}`),
    '0',
  );
  assert.deepEqual(await rowsOf(anna, 'SELECT pg_terminate_backend(2147483647) FROM pg_class LIMIT 1'), [
    ['f'],
  ]);
});
