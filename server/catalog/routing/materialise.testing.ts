/** A mirror for tests: PGlite in this process. */
import type { PGlite } from '@electric-sql/pglite';
import type { MirrorRows } from './materialise.ts';
import type { KnownNames } from './query-use.ts';
import { routeOf } from './route.ts';
import { forMirror, type SessionFacts } from './session-values.ts';

/** Oids of PGlite's own types end well before. */
const MAX_OID = 20_000;

const AS_TEXT = Object.fromEntries(
  Array.from({ length: MAX_OID }, (_, oid) => [oid, (text: string) => text]),
);

/** What a statement gives, in PostgreSQL's text format. */
export async function postgresText(postgres: PGlite, sql: string): Promise<MirrorRows> {
  const { fields, rows } = await postgres.query<(string | null)[]>(sql, [], {
    rowMode: 'array',
    parsers: AS_TEXT,
  });
  return { columns: fields.map(({ name, dataTypeID }) => ({ name, typeOid: dataTypeID })), rows };
}

/** A statement of the catalog's, with the session's values in it. */
export async function forMirrorRoute(
  postgres: PGlite,
  sql: string,
  facts: SessionFacts,
  known: KnownNames,
): Promise<MirrorRows> {
  const route = await routeOf(sql, known);
  if (route.kind !== 'catalog') throw new Error(`not the catalog's but ${route.kind}: ${sql}`);
  return postgresText(postgres, forMirror(sql, route.sessionCalls, facts, 'execute'));
}
