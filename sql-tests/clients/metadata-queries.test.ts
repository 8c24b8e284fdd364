/** What clients ask of the catalog that are not here (DBeaver, Metabase, Superset, Tableau, Npgsql, Grafana, Prisma …). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { type ClientServer, connectionConfig, startPostgres, startSqlens } from './harness.ts';

const queries = readFileSync(
  new URL('../../server/catalog/routing/fixtures/clients.sql', import.meta.url),
  'utf8',
)
  .split(/^-- next --$/m)
  .map((text) => {
    const [first = '', ...lines] = text.trim().split('\n');
    return first.startsWith('-- ')
      ? { title: first.slice(3), sql: lines.join('\n') }
      : { title: first, sql: text.trim() };
  })
  .filter(({ sql }) => sql !== '');

/** Abridged for the sake of their names: PostgreSQL itself refuses the text. */
const NOT_FOR_POSTGRES: ReadonlySet<string> = new Set(['asyncpg: types by oid']);

let sqlens: ClientServer;
let postgres: ClientServer | undefined;
before(async () => {
  [sqlens, postgres] = await Promise.all([startSqlens(), startPostgres()]);
});
after(async () => {
  await sqlens.close();
  await postgres?.close();
});

/** The columns it gives, or the error. Parameters are NULL: of each type that there is. */
async function ask(client: pg.Client, sql: string): Promise<string> {
  const count = new Set(sql.match(/\$\d+/g)).size;
  try {
    const result: unknown = await client.query({
      text: sql,
      values: count === 0 ? undefined : Array.from({ length: count }, () => null),
    });
    const last: unknown = Array.isArray(result) ? result.at(-1) : result;
    if (typeof last !== 'object' || last === null || !('fields' in last) || !Array.isArray(last.fields))
      return 'nothing';
    return last.fields.map(({ name, dataTypeID }) => `${name} ${dataTypeID}`).join(', ');
  } catch (error) {
    return error instanceof pg.DatabaseError ? `error ${error.code}: ${error.message}` : String(error);
  }
}

test('no query of them fails, and each gives the columns that PostgreSQL 15 gives', {
  timeout: 240_000,
}, async () => {
  assert.ok(queries.length >= 40, `${queries.length} queries`);
  const clients = [sqlens, postgres].flatMap((server) =>
    server === undefined ? [] : [new pg.Client(connectionConfig(server))],
  );
  const [ours, theirs] = clients;
  assert.ok(ours !== undefined);
  await Promise.all(clients.map((client) => client.connect()));
  // They ask for a table t. Some make a regclass of a name without quoting it: PostgreSQL refuses this one as well.
  await Promise.all(
    clients.map((client) =>
      client.query('DROP TABLE "Mixed Case"; CREATE TABLE t (id int PRIMARY KEY, v text)'),
    ),
  );
  try {
    for (const { title, sql } of queries) {
      if (NOT_FOR_POSTGRES.has(title)) continue;
      const actual = await ask(ours, sql);
      assert.doesNotMatch(actual, /^error /, title);
      if (theirs !== undefined) assert.equal(actual, await ask(theirs, sql), title);
    }
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
});
