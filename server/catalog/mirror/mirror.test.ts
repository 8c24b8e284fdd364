/** The mirror with its real process: what it answers, and what it keeps clients from. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { serialize } from 'pg-protocol';
import { readRows } from './backend-bytes.ts';
import { queryMessage } from './frontend-bytes.ts';
import { ask, openMirror, temporaryDataDir, value } from './mirror.testing.ts';
import type { Mirror } from './mirror.ts';
import { DEFINITIONS_TABLE, SESSION_SETTINGS, SETTINGS_TABLE } from './names.ts';

let mirror: Mirror;
let removeAll: () => Promise<void>;

before(async () => {
  const dataDir = await temporaryDataDir();
  const opened = await openMirror({ dataDir: dataDir.path, maxAnswer_bytes: 24 * 2 ** 20 }, (made) =>
    made.apply([
      'CREATE TABLE public.cars (id int PRIMARY KEY, name text NOT NULL, price numeric(10,2))',
      'CREATE SEQUENCE public.numbers',
      'CREATE SCHEMA fleet',
      'CREATE VIEW fleet.cheap AS SELECT id FROM public.cars WHERE price < 5',
    ]),
  );
  mirror = opened.mirror;
  removeAll = async () => {
    await mirror.close();
    await dataDir.remove();
  };
  await mirror.start();
  const { rss_bytes, lastStart_ms } = mirror.stats();
  console.log(`made in ${lastStart_ms} ms, ${Math.round(rss_bytes / 2 ** 20)} MB`);
});

after(() => removeAll());

const messageTypes = (bytes: Buffer): string => {
  let types = '';
  for (let at = 0; at < bytes.length; at += 1 + bytes.readUInt32BE(at + 1))
    types += String.fromCharCode(bytes[at] ?? 0);
  return types;
};

test('a simple query gets the messages of a simple query', async () => {
  const request = (bytes: Buffer): Promise<Buffer> => mirror.request({ prologue: [], overlay: [], bytes });
  assert.equal(messageTypes(await request(queryMessage('SELECT 1 UNION ALL SELECT 2'))), 'TDDC');
  assert.equal(messageTypes(await request(queryMessage(''))), 'I');
  assert.equal(messageTypes(await request(queryMessage('SELECT 1/0'))), 'E');
  assert.equal(messageTypes(await request(queryMessage('SELECT nope'))), 'E');
});

test('the extended protocol: parameters, formats, what Describe says', async () => {
  const answer = await mirror.request({
    prologue: [],
    overlay: [],
    bytes: Buffer.concat([
      serialize.parse({
        name: 'mine',
        text: 'SELECT relname, $1::int4 AS n FROM pg_class WHERE oid = $2::regclass',
      }),
      serialize.describe({ type: 'S', name: 'mine' }),
      serialize.bind({ statement: 'mine', values: ['7', 'public.cars'] }),
      serialize.execute(),
      serialize.sync(),
    ]),
  });
  assert.equal(messageTypes(answer), '1tT2DC');
  assert.deepEqual(readRows(answer), [{ relname: 'cars', n: '7' }]);
  // A statement's name does not outlive its request.
  const again = await mirror.request({
    prologue: [],
    overlay: [],
    bytes: Buffer.concat([serialize.bind({ statement: 'mine', values: [] }), serialize.sync()]),
  });
  assert.throws(() => readRows(again), { sqlState: '26000' });
});

test('an error of one request does not disturb the next', async () => {
  const failing = [
    'SELECT 1/0',
    'SELECT nope',
    'SELECT * FROM nowhere',
    `SELECT 'x'::int`,
    'SELECT 1; SELECT 2',
  ];
  for (const sql of failing) {
    await assert.rejects(ask(mirror, sql), /./, sql);
    assert.equal(await value(mirror, 'SELECT 41 + 1'), '42', `after ${sql}`);
  }
  await assert.rejects(ask(mirror, 'SELECT 1', { user: 'nobody there' }), { sqlState: '22023' });
  assert.equal(await value(mirror, 'SELECT current_user'), 'ann');
});

test('an overlay is seen by its request alone, and nothing of a request stays', async () => {
  const overlay = [
    'CREATE TABLE public.draft (a int)',
    'CREATE TEMP TABLE mine (b int)',
    'DROP TABLE public.cars CASCADE',
  ];
  const tables = `SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class
    WHERE relname IN ('draft', 'mine', 'cars') AND relkind = 'r'`;
  assert.equal(await value(mirror, tables, { overlay }), 'draft mine');
  assert.equal(await value(mirror, 'SELECT count(*) FROM draft, mine', { overlay }), '0');
  assert.equal(await value(mirror, tables), 'cars');
  assert.equal(await value(mirror, `SELECT set_config('search_path', 'fleet', false)`), 'fleet');
  assert.equal(await value(mirror, `SELECT current_setting('search_path')`), '"$user", public');
});

test('sessions have the rights of their roles', async () => {
  const rights = `SELECT format('%s %s %s %s', has_table_privilege('cars', 'SELECT'), has_table_privilege('cars', 'INSERT'),
    has_schema_privilege('fleet', 'USAGE'), has_schema_privilege('fleet', 'CREATE'))`;
  assert.equal(await value(mirror, rights), 't f t f');
  assert.equal(await value(mirror, rights, { user: 'adam' }), 't t t t');
  assert.deepEqual(
    await ask(
      mirror,
      `SELECT session_user, current_user, current_database(), current_setting('is_superuser') AS super`,
    ),
    [{ session_user: 'ann', current_user: 'ann', current_database: 'sqlens', super: 'off' }],
  );
  assert.equal(
    await value(mirror, `SELECT string_agg(tableowner, ',') FROM pg_tables WHERE tablename = 'cars'`),
    'admin',
  );
  assert.equal(
    await value(
      mirror,
      'SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()',
    ),
    'UTF8',
  );
});

test('nothing that a statement can call gives more rights, reaches the machine, writes or waits', async () => {
  const refused = [
    `SELECT set_config('session_authorization', 'pg_sqlens', false)`,
    `SELECT set_config('ROLE', 'pg_sqlens', true)`,
    `SELECT set_config('is_superuser', 'on', true)`,
    `SELECT set_config('log_min_messages', 'debug5', true)`,
    `SELECT set_config('transaction_read_only', 'off', true)`,
    `SELECT pg_toast.native_set_config('role', 'pg_sqlens', true)`,
    `SELECT query_to_xml('SET SESSION AUTHORIZATION pg_sqlens', true, true, '')`,
    `SELECT * FROM ${DEFINITIONS_TABLE}`,
    'SELECT * FROM pg_authid',
    `SELECT pg_read_file('postgresql.conf')`,
    `SELECT pg_ls_dir('.')`,
    `SELECT lo_import('/etc/passwd')`,
    'SELECT lo_create(0)',
    `SELECT lo_from_bytea(0, 'x')`,
    'SELECT pg_sleep(2)',
    `SELECT pg_sleep_for('2 s')`,
    `SELECT pg_sleep_until(now() + interval '1 hour')`,
    'SELECT pg_advisory_lock(1)',
    'SELECT pg_try_advisory_xact_lock_shared(1, 2)',
    `SELECT nextval('numbers')`,
    'SELECT pg_export_snapshot()',
    'SELECT * INTO public.stolen FROM pg_class',
    'WITH x AS (INSERT INTO cars VALUES (1) RETURNING 1) SELECT 1',
    'SELECT 1 FROM pg_class FOR UPDATE',
    'COMMIT',
    'SELECT 1; COMMIT',
  ];
  for (const user of ['ann', 'adam']) {
    for (const sql of refused) {
      await assert.rejects(
        ask(mirror, sql, { user }),
        (error: Error & { sqlState?: string }) =>
          /^(42501|0A000|25006|25001|55P02|42601)$/.test(error.sqlState ?? ''),
        `${user}: ${sql}`,
      );
    }
  }
  assert.equal(await value(mirror, 'SELECT 1 FROM (SELECT pg_advisory_unlock_all()) x'), '1');
  assert.equal(await value(mirror, 'SELECT 1 FROM (SELECT pg_sleep(0.01)) x'), '1');
  assert.equal(await value(mirror, 'SELECT 42'), '42');
});

test('what belongs to the session or the server is what the prologue says', async () => {
  const prologue = Object.entries({
    [SESSION_SETTINGS.processId]: '4711',
    [SESSION_SETTINGS.clientAddress]: '10.0.0.7',
    [SESSION_SETTINGS.clientPort]: '5000',
    [SESSION_SETTINGS.serverAddress]: '10.0.0.1',
    [SESSION_SETTINGS.serverPort]: '5433',
    [SESSION_SETTINGS.serverStart]: '2026-01-02 03:04:05+00',
    'sqlens.on_error': 'fail',
  }).map(([name, setting]) => `SELECT set_config('${name}', '${setting}', true)`);
  assert.deepEqual(
    await ask(
      mirror,
      `SELECT version(), pg_backend_pid() AS pid, host(inet_client_addr()) AS client, inet_client_port() AS client_port,
         host(inet_server_addr()) AS server, inet_server_port() AS server_port,
         pg_postmaster_start_time() AT TIME ZONE 'UTC' AS started, current_setting('sqlens.on_error') AS on_error`,
      { prologue },
    ),
    [
      {
        version: 'PostgreSQL 16.4 (SQLens 0.0.0-test)',
        pid: '4711',
        client: '10.0.0.7',
        client_port: '5000',
        server: '10.0.0.1',
        server_port: '5433',
        started: '2026-01-02 03:04:05',
        on_error: 'fail',
      },
    ],
  );
  assert.deepEqual(await ask(mirror, `SELECT pg_backend_pid() AS pid, inet_client_addr() AS client`), [
    { pid: '0', client: null },
  ]);
});

test('pg_settings and current_setting show the settings of the session and of the server', async () => {
  const json = JSON.stringify([
    { name: 'sqlens.on_error', setting: 'null', short_desc: 'What a bad image does' },
    { name: 'work_mem', setting: '8192', source: 'session' },
  ]);
  const prologue = [`SELECT set_config('${SESSION_SETTINGS.settings}', '${json}', true)`];
  assert.deepEqual(
    await ask(mirror, 'SELECT name, setting, unit, short_desc, vartype, boot_val FROM pg_settings', {
      prologue,
    }),
    [
      {
        name: 'sqlens.on_error',
        setting: 'null',
        unit: null,
        short_desc: 'What a bad image does',
        vartype: 'string',
        boot_val: 'null',
      },
      {
        name: 'work_mem',
        setting: '8192',
        unit: 'kB',
        short_desc: 'Sets the maximum memory to be used for query workspaces.',
        vartype: 'integer',
        boot_val: '4096',
      },
    ],
  );
  await mirror.apply([`INSERT INTO ${SETTINGS_TABLE} (name, setting) VALUES ('max_connections', '1234')`]);
  assert.equal(await value(mirror, `SELECT current_setting('max_connections')`), '1234');
  assert.equal(await value(mirror, `SELECT setting FROM pg_settings WHERE name = 'max_connections'`), '1234');
  assert.equal(await value(mirror, `SELECT count(*) FROM pg_settings WHERE name = 'data_directory'`), '0');
  await assert.rejects(ask(mirror, `SELECT current_setting('nope')`), { sqlState: '42704' });
  assert.equal(await value(mirror, `SELECT current_setting('nope', true)`), null);
});

test('pg_stat_activity, pg_prepared_statements and pg_cursors show what they are given', async () => {
  const given = (name: string, rows: readonly object[]): string =>
    `SELECT set_config('${name}', $json$${JSON.stringify(rows)}$json$, true)`;
  const at = '2026-01-02T03:04:05.678Z';
  assert.deepEqual(
    await ask(
      mirror,
      `SELECT datname, pid, usename, usesysid::regrole, client_addr, state, query, backend_type FROM pg_stat_activity`,
      {
        prologue: [
          given(SESSION_SETTINGS.activity, [
            {
              pid: 9,
              usename: 'ann',
              client_addr: '::1',
              backend_start: at,
              state: 'active',
              query: `SELECT 'it''s'`,
            },
          ]),
        ],
      },
    ),
    [
      {
        datname: 'sqlens',
        pid: '9',
        usename: 'ann',
        usesysid: 'ann',
        client_addr: '::1',
        state: 'active',
        query: `SELECT 'it''s'`,
        backend_type: 'client backend',
      },
    ],
  );
  assert.deepEqual(
    await ask(mirror, 'SELECT name, statement, parameter_types, from_sql FROM pg_prepared_statements', {
      prologue: [
        given(SESSION_SETTINGS.preparedStatements, [
          {
            name: 's',
            statement: 'SELECT $1',
            prepare_time: at,
            parameter_types: ['integer', 'text'],
            from_sql: true,
          },
        ]),
      ],
    }),
    [{ name: 's', statement: 'SELECT $1', parameter_types: '{integer,text}', from_sql: 't' }],
  );
  assert.deepEqual(await ask(mirror, 'SELECT * FROM pg_cursors'), []);
});

test('stored definitions are printed in place of those of the mirror, also by views of PostgreSQL', async () => {
  const cars = `'public.cars'::regclass`;
  await mirror.apply([
    `ALTER TABLE public.cars ADD COLUMN code text DEFAULT 'one', ADD COLUMN other text DEFAULT 'one', ADD CHECK (id > 0)`,
    `INSERT INTO ${DEFINITIONS_TABLE} VALUES ('pg_class'::regclass, 'fleet.cheap'::regclass, 0, 'view', ' SELECT try_cast(x) FROM cars;')`,
    `INSERT INTO ${DEFINITIONS_TABLE} SELECT 'pg_class'::regclass, attrelid, attnum, 'expr', 'md5(' || attname || ')'
       FROM pg_attribute WHERE attrelid = ${cars} AND attname IN ('code', 'other')`,
    `INSERT INTO ${DEFINITIONS_TABLE} SELECT 'pg_constraint'::regclass, oid, 0, 'constraint', 'CHECK (id % 2 = 0)'
       FROM pg_constraint WHERE conrelid = ${cars} AND contype = 'c'`,
  ]);
  assert.equal(
    await value(mirror, `SELECT pg_get_viewdef('fleet.cheap'::regclass, true)`),
    ' SELECT try_cast(x) FROM cars;',
  );
  assert.equal(
    await value(mirror, `SELECT definition FROM pg_views WHERE viewname = 'cheap'`),
    ' SELECT try_cast(x) FROM cars;',
  );
  assert.deepEqual(
    await ask(
      mirror,
      `SELECT column_name, column_default FROM information_schema.columns
      WHERE table_name = 'cars' AND column_default IS NOT NULL ORDER BY 1`,
      { user: 'adam' },
    ),
    [
      { column_name: 'code', column_default: 'md5(code)' },
      { column_name: 'other', column_default: 'md5(other)' },
    ],
  );
  assert.equal(
    await value(
      mirror,
      `SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = ${cars} AND contype = 'c'`,
    ),
    'CHECK (id % 2 = 0)',
  );
  assert.equal(
    await value(mirror, `SELECT pg_get_indexdef('cars_pkey'::regclass)`),
    'CREATE UNIQUE INDEX cars_pkey ON public.cars USING btree (id)',
  );
});

test('clients that list schemas, tables and functions see nothing of ours', async () => {
  assert.equal(
    await value(mirror, `SELECT string_agg(nspname, ' ' ORDER BY nspname) FROM pg_namespace`),
    'fleet information_schema pg_catalog pg_toast public',
  );
  assert.equal(
    await value(
      mirror,
      `SELECT string_agg(DISTINCT table_schema, ' ') FROM information_schema.tables
      WHERE table_schema NOT IN ('pg_catalog', 'information_schema')`,
      { user: 'adam' },
    ),
    'fleet public',
  );
  assert.equal(
    await value(mirror, `SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database`),
    'sqlens template0 template1',
  );
  assert.equal(
    await value(
      mirror,
      `SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_roles WHERE rolname !~ '^pg_'`,
    ),
    'adam admin analyst ann',
  );
});

test('logins may have any name that is not reserved', async () => {
  for (const name of ['o"hara', `it's`, '$role$', 'select', 'Zürich 1', ' ', 'postgres', 'analyst']) {
    await mirror.ensureRoles([[name, 'analyst']]);
    const shown = await mirror.request({
      prologue: [`SET LOCAL SESSION AUTHORIZATION "${name.replaceAll('"', '""')}"`],
      overlay: [],
      bytes: queryMessage(
        `SELECT current_user, pg_has_role('analyst', 'MEMBER') AS reads, pg_has_role('admin', 'MEMBER') AS owns`,
      ),
    });
    assert.deepEqual(readRows(shown), [{ current_user: name, reads: 't', owns: 'f' }], name);
  }
  await mirror.ensureRoles([['postgres', 'admin']]);
  assert.equal(
    await value(mirror, `SELECT pg_has_role('admin', 'USAGE') AND NOT pg_has_role('analyst', 'USAGE')`, {
      user: 'postgres',
    }),
    't',
  );
  for (const name of ['pg_sqlens', 'public', 'none', '', 'x'.repeat(64), 'a\0b']) {
    await assert.rejects(mirror.ensureRoles([[name, 'admin']]), { sqlState: '42602' }, name);
  }
});

test('long answers and statements: whole, or refused', async () => {
  // PGlite's own way of answering breaks at 16 MiB.
  const rows = await ask(mirror, `SELECT i, repeat('x', 1000) AS x FROM generate_series(1, 20000) i`);
  assert.equal(rows.length, 20_000);
  assert.equal(rows.at(-1)?.i, '20000');
  assert.ok(rows.every((row) => row.x?.length === 1000));
  assert.equal(await value(mirror, `SELECT length('${'y'.repeat(2_000_000)}')`), '2000000');
  await assert.rejects(ask(mirror, `SELECT repeat('x', 1000) FROM generate_series(1, 30000)`), {
    sqlState: '54000',
  });
  await assert.rejects(ask(mirror, `SELECT '${'y'.repeat(9_000_000)}'`), { sqlState: '54000' });
  await assert.rejects(ask(mirror, `SELECT repeat('x', 500000000)`), { sqlState: '53200' });
  assert.equal(await value(mirror, 'SELECT 42'), '42');
  assert.equal(mirror.stats().starts, 1, 'none of this crashed it');
  console.log(`afterwards ${Math.round(mirror.stats().rss_bytes / 2 ** 20)} MB`);
  assert.ok(mirror.stats().rss_bytes < 400 * 2 ** 20);
});

test('a change is made whole or not at all, and its failure quotes the statement', async () => {
  await assert.rejects(
    mirror.apply(['CREATE TABLE public.half (a int)', 'CREATE TABLE public.bad (a nope)']),
    {
      sqlState: '42704',
      detail: 'in: CREATE TABLE public.bad (a nope)',
    },
  );
  assert.equal(await value(mirror, `SELECT to_regclass('public.half')`), null);
  await mirror.apply(['CREATE TABLE public.half (a int)']);
  assert.equal(await value(mirror, `SELECT to_regclass('public.half')`), 'half');
});

test('what acts on sessions is told to the server by notices, with the rights of who asks', async () => {
  const backends = `SET LOCAL ${SESSION_SETTINGS.backends} = '{"7": "ann", "8": "adam"}'`;
  const told = async (user: string, sql: string): Promise<string[]> => {
    const prologue = [backends, `SET LOCAL SESSION AUTHORIZATION "${user}"`];
    const answer = await mirror.request({ prologue, overlay: [], bytes: queryMessage(sql) });
    const text = answer.toString('latin1');
    return [...text.matchAll(/C([0-9A-Z]{5})\0M([^\0]*)\0/g)].map(
      ([, code, message]) => `${code} ${message}`,
    );
  };
  assert.deepEqual(
    await told('adam', 'SELECT pg_cancel_backend(pid) FROM generate_series(7, 9) AS g (pid)'),
    ['SQ001 ["cancel", 7]', 'SQ001 ["cancel", 8]', '01000 PID 9 is not a PostgreSQL server process'],
  );
  assert.deepEqual(await told('ann', 'SELECT pg_terminate_backend(7)'), ['SQ001 ["terminate", 7]']);
  assert.deepEqual(await told('ann', 'SELECT pg_terminate_backend(8)'), [
    '42501 permission denied to terminate process',
  ]);
  assert.deepEqual(
    await told('ann', `SELECT pg_notify('a"', NULL), set_config('DateStyle', 'German', false)`),
    ['SQ001 ["notify", "a\\"", ""]', 'SQ001 ["set", "DateStyle", "German", false]'],
  );
});
