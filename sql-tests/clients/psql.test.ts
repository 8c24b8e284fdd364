/**
 * psql with all of its backslash commands: what it shows of a schema that PostgreSQL can have too is cell for cell what
 * it shows of it on PostgreSQL 15, and nothing that SQLens has makes a command fail.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { type ClientServer, type SqlensServer, startPostgres, startSqlens } from './harness.ts';
import { besideThis, PYTHON, run, works } from './programs.ts';
import { type Printed, runPsql } from './psql.ts';

const commands = readFileSync(new URL('fixture/psql-commands.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('--'));

const OWN_SCHEMA = 'the schema sqlens is shown as well';
const ROLES = 'logins of SQLens are no superusers, and its superuser is nobody who could log in';
const VIEW_TEXT = 'the text of a view is as DuckDB keeps it';
const NO_NAME =
  'DuckDB does not keep the names of constraints: they get the one that PostgreSQL would choose';
const DATABASES = 'there is one database, its collation is C, and it says who may connect';
const IMAGES = 'image tables have a foreign-data wrapper and a server';
const VERSION = 'the catalog is that of PostgreSQL 16';

/** What is deliberately not the same, and why. */
const DIFFERENCES: ReadonlyMap<string, string> = new Map([
  ['\\d order_lines', NO_NAME],
  ['\\d+ order_lines', NO_NAME],
  ['\\d+ active_customers', VIEW_TEXT],
  ['\\sv active_customers', VIEW_TEXT],
  ['\\sv+ active_customers', VIEW_TEXT],
  ['\\dn', OWN_SCHEMA],
  ['\\dn+', OWN_SCHEMA],
  ['\\dnS', OWN_SCHEMA],
  ['\\dconfig', 'settings are those of SQLens'],
  ['\\dconfig+ server_version_num', VERSION],
  ['\\echo :SERVER_VERSION_NAME', VERSION],
  ['\\ddp', 'there are no default privileges'],
  ['\\dew', IMAGES],
  ['\\dew+', IMAGES],
  ['\\des', IMAGES],
  ['\\des+', IMAGES],
  ['\\dg', ROLES],
  ['\\dgS', ROLES],
  ['\\dg+', ROLES],
  ['\\du', ROLES],
  ['\\duS+', ROLES],
  ['\\dL', 'there is a language sqlens, of macros and models'],
  ['\\dL+', 'there is a language sqlens, of macros and models'],
  ['\\dLS', 'there is a language sqlens, of macros and models'],
  ['\\l', DATABASES],
  ['\\l+', DATABASES],
  ['\\l sqlens', DATABASES],
  ['\\list', DATABASES],
  ['\\errverbose', 'SQLens names no line of its source'],
]);

/** On what PostgreSQL cannot have. */
const OWN_COMMANDS = [
  '\\d nested',
  '\\d+ nested',
  '\\d colours',
  '\\d+ colours',
  '\\d bright_colours',
  '\\d+ bright_colours',
  '\\sv bright_colours',
  '\\sv+ bright_colours',
  '\\ev bright_colours',
  '\\dE',
  '\\dE+',
  '\\det',
  '\\det+',
  '\\det+ colours',
  '\\des+',
  '\\df brightness',
  '\\df+ brightness',
  '\\dfn',
  '\\df shop.*',
  '\\df doubled',
  '\\df+ doubled',
  '\\df image_*',
  '\\df first_numbers',
  '\\sf doubled',
  '\\sf+ doubled',
  '\\sf brightness',
  '\\sf shop.added',
  '\\sf first_numbers',
  '\\ef doubled',
  '\\ef brightness',
  '\\dd doubled',
  '\\z colours',
  '\\dp nested',
  '\\dt *.*',
  '\\d *.*',
  '\\dv sqlens.*',
  '\\d+ sqlens.models',
  '\\dT+',
  '\\dTS+ mood',
  '\\dT+ shop.*',
  'SELECT * FROM nested ORDER BY id \\gdesc',
  'TABLE nested \\gx',
  'SELECT uri, kind, image, brightness(image) FROM colours \\gdesc',
  'SELECT uri, kind, size FROM colours \\g /dev/null',
  'SELECT kind, colour_name(image) AS name, count(*) FROM colours GROUP BY ALL \\crosstabview',
  '\\copy (SELECT kind, round(brightness(image)) FROM colours ORDER BY ALL) to stdout',
  'TABLE bright_colours;',
];

const skip = !works('psql', ['--version']) && 'psql is not installed';

describe('psql', { skip }, () => {
  let sqlens: SqlensServer;
  let postgres: ClientServer | undefined;
  before(async () => {
    [sqlens, postgres] = await Promise.all([startSqlens('sharedOnly'), startPostgres()]);
  });
  after(async () => {
    await sqlens.close();
    await postgres?.close();
  });

  test('shows the same cells as on PostgreSQL 15', async (context) => {
    if (postgres === undefined) return context.skip('PostgreSQL 15 is not installed');
    const actual = withoutPlaces(await runPsql(sqlens.port, commands), sqlens);
    const expected = withoutPlaces(await runPsql(postgres.port, commands), postgres);
    assert.ok(commands.length > 150, `there are ${commands.length} commands`);
    const differing = expected.filter((one, at) => !isSame(one, actual[at]));
    assert.deepEqual(
      actual.filter(({ command }, at) => !DIFFERENCES.has(command) && !isSame(expected[at], actual[at])),
      differing.filter(({ command }) => !DIFFERENCES.has(command)),
    );
    const different = new Set(differing.map(({ command }) => command));
    assert.deepEqual(
      [...DIFFERENCES.keys()].filter((command) => !different.has(command)),
      [],
      'these are the same now',
    );
    // Not the same, but no error either.
    const failing = actual.filter(
      ({ command, err }, at) => err !== '' && DIFFERENCES.has(command) && expected[at]?.err === '',
    );
    assert.deepEqual(failing, []);
  });

  test('no command fails on what only SQLens has', async () => {
    await sqlens.addOwn();
    const printed = await runPsql(sqlens.port, [...OWN_COMMANDS, ...commands]);
    assert.deepEqual(printed.filter(hasFailed), []);
    const out = (command: string) =>
      printed
        .find((one) => one.command === command)
        ?.out.trimEnd()
        .split('\n');
    assert.deepEqual(out('\\d nested'), [
      'Table "public.nested"',
      'Column|Type|Collation|Nullable|Default',
      'id|integer||not null|',
      'huge|numeric|||',
      'feeling|text|||',
      'point|json|||',
      'points|json|||',
      'counts|json|||',
      'either|json|||',
      'seconds|timestamp without time zone|||',
      'tiny|smallint|||',
      'big|numeric|||',
      'embedding|real[]|||',
      'Indexes:',
      '    "nested_pkey" PRIMARY KEY, btree (id)',
    ]);
    assert.deepEqual(out('\\det'), [
      'List of foreign tables',
      'Schema|Table|Server',
      'public|colours|images',
      '(1 row)',
    ]);
    assert.deepEqual(out('\\df brightness')?.slice(2), [
      'public|brightness|real|image "any"|func',
      '(1 row)',
    ]);
    assert.deepEqual(out('\\sf doubled'), ['CREATE OR REPLACE MACRO public.doubled(x) AS (x * 2)']);
    assert.deepEqual(out('\\d bright_colours')?.slice(2), ['uri|text|||', 'light|real|||']);
    assert.deepEqual(out('\\d colours'), [
      'Foreign table "public.colours"',
      'Column|Type|Collation|Nullable|Default|FDW options',
      'uri|text||||',
      'image|json||||',
      'size|bigint||||',
      'etag|text||||',
      'last_modified|timestamp with time zone||||',
      'content_type|text||||',
      'kind|text||||',
      'Server: images',
      `FDW options: (format 'image', uris 'file://${sqlens.variables.get('COLOURS')}')`,
    ]);
    const names = printed.find(
      ({ command }) => command.includes('crosstabview') && command.includes('colour_name'),
    );
    assert.match(names?.out ?? '', /^kind\|/);
  });

  test('completes names as they are typed', async (context) => {
    if (!works(PYTHON, ['-c', 'import pty'])) return context.skip(`${PYTHON} is not there`);
    const { stdout, stderr, code } = await run(PYTHON, [
      besideThis('psql_completion.py'),
      String(sqlens.port),
    ]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), {
      'SELECT * FROM active_cu': 'SELECT * FROM active_customers ',
      'SELECT * FROM shop.it': 'SELECT * FROM shop.items ',
      'SELECT * FROM "Mix': 'SELECT * FROM "Mixed Case" ',
      'UPDATE customers SET bal': 'UPDATE customers SET balance ',
      'INSERT INTO order_l': 'INSERT INTO order_lines ',
      '\\d colo': '\\d colours ',
      '\\df brightn': '\\df brightness ',
      '\\dn sho': '\\dn shop ',
      'SET datest': 'SET datestyle ',
      'SHOW statement_ti': 'SHOW statement_timeout ',
      'DROP VIEW bright': 'DROP VIEW bright_colours ',
      'COMMENT ON TABLE cust': 'COMMENT ON TABLE customers ',
    });
  });
});

/** What names the server's place: its port, its superuser, and how much room tables without rows take. */
function withoutPlaces(printed: readonly Printed[], server: ClientServer): Printed[] {
  const clean = (text: string) =>
    text
      .replaceAll(String(server.port), 'PORT')
      .replaceAll(/^\w{3} \w{3} +\d+ [\d:]+ \d{4} (?=\(every)/gm, 'NOW ')
      .replaceAll(/\bwire\b/g, 'pg_sqlens')
      .replaceAll(/\b\d+ (bytes|kB|MB)\b/g, 'SIZE');
  return printed.map(({ command, out, err }) => ({ command, out: clean(out), err: clean(err) }));
}

function isSame(a: Printed | undefined, b: Printed | undefined): boolean {
  return a?.out === b?.out && a?.err === b?.err;
}

/** An error of the server's or of the connection, unless it is meant to be one. */
function hasFailed({ command, err }: Printed): boolean {
  return /ERROR|FATAL|server closed/.test(err) && !/nothing|\\watch|\\errverbose/.test(command);
}
