/**
 * Rows by their whole-number keys, answered from memory while nobody writes.
 *
 * What a statement costs in DuckDB is a third of a millisecond of planning and scheduling, whether it reads one row or
 * a thousand: so neighbours of a key that is asked for are read with it, and kept until a writer begins (WriteWatch).
 * Only base tables, only plain columns, only outside transactions: everything else, and everything doubtful, takes the
 * usual way. A table earns its place by being asked repeatedly, and loses it when neighbours are not asked for.
 */
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import type { Parsed } from '../describe/parsed.ts';
import type { BoundParameter } from '../run/answering.ts';
import type { SessionContext } from '../session/session-context.ts';
import { quoteIdentifier, quoteLiteral } from '../text/tokens.ts';
import { type PointSelect, pointSelect } from './point-syntax.ts';
import { WriteWatch } from './write-watch.ts';

/** Keys that are read together. */
const PAGE_KEYS = 512;
/** More rows to a page than this: the column is no key. */
const MAX_PAGE_ROWS = 2 * PAGE_KEYS;
/** Lookups that go the usual way before a table's pages are kept: a write now and then must not cost pages. */
const LOOKUPS_BEFORE = 8;
/** After so many pages it is seen whether keys have neighbours at all. */
const PAGES_BEFORE_VERDICT = 64;
const MIN_ROWS_PER_PAGE = 4;
const MAX_KEPT_BYTES = 64 * 2 ** 20;
const INTEGER_TYPES = new Set(['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT']);

type Row = readonly DuckDBValue[];
type Page = ReadonlyMap<number, readonly Row[]>;

/** What is known of a statement's table, for as long as nobody writes. */
interface Lookups {
  readonly select: PointSelect;
  count: number;
  /** Lookups that found their page. */
  found: number;
  keptKeys: number;
  /** A table that turned out not to be one for this. */
  unsuitable: boolean;
  readonly pages: Map<number, Page>;
  readonly loading: Map<number, Promise<Page | undefined>>;
  verified: Promise<boolean> | undefined;
}

export class PointReads {
  readonly watch = new WriteWatch();
  readonly #selects = new WeakMap<Parsed, PointSelect | 'other'>();
  readonly #lookups = new Map<string, Lookups>();
  #version = -1;
  #kept_bytes = 0;

  /** The rows, undefined when the statement has to take the usual way. */
  async read(
    context: SessionContext,
    parsed: Parsed,
    parameters: readonly BoundParameter[],
  ): Promise<readonly Row[] | undefined> {
    const select = this.selectOf(parsed);
    if (select === undefined || !this.isFor(context)) return undefined;
    const key = keyOf(select, parameters);
    if (key === undefined) return undefined;
    const { version } = this.watch;
    const lookups = this.#lookupsOf(context, select, version);
    if (lookups.unsuitable || ++lookups.count <= LOOKUPS_BEFORE) return undefined;
    const number = Math.floor(key / PAGE_KEYS);
    const kept = lookups.pages.get(number);
    if (kept !== undefined) {
      lookups.found++;
      return kept.get(key) ?? [];
    }
    const page = await this.#load(context.connection, parsed, lookups, number);
    // What was read while somebody wrote belongs to nobody knows which version.
    if (page === undefined || this.watch.version !== version || !this.watch.isQuiet) return undefined;
    this.#keep(lookups, number, page);
    return page.get(key) ?? [];
  }

  /** Whether the session sees what everybody sees, and nobody changes it. */
  isFor({ transaction, hasOwnObjects }: Pick<SessionContext, 'transaction' | 'hasOwnObjects'>): boolean {
    return this.watch.isQuiet && !transaction.isOpen && !hasOwnObjects();
  }

  selectOf(parsed: Parsed): PointSelect | undefined {
    let select = this.#selects.get(parsed);
    if (select === undefined) {
      const suits = parsed.statement.kind === 'query' && !parsed.asks && parsed.mixed === undefined;
      select = (suits ? pointSelect(parsed.tokens) : undefined) ?? 'other';
      this.#selects.set(parsed, select);
    }
    return select === 'other' ? undefined : select;
  }

  #lookupsOf({ settings }: SessionContext, select: PointSelect, version: number): Lookups {
    if (this.#version !== version) {
      this.#lookups.clear();
      this.#kept_bytes = 0;
      this.#version = version;
    }
    const { schema, table, keyColumn, columns } = select;
    const key = JSON.stringify([
      settings.get('search_path'),
      schema ?? null,
      table,
      keyColumn,
      columns ?? '*',
    ]);
    let lookups = this.#lookups.get(key);
    if (lookups === undefined) {
      lookups = {
        select,
        count: 0,
        found: 0,
        keptKeys: 0,
        unsuitable: false,
        pages: new Map(),
        loading: new Map(),
        verified: undefined,
      };
      this.#lookups.set(key, lookups);
    }
    return lookups;
  }

  /** One load of a page at a time, whoever waits for it. A load that fails is no page. */
  async #load(
    connection: DuckDBConnection,
    parsed: Parsed,
    lookups: Lookups,
    number: number,
  ): Promise<Page | undefined> {
    let loading = lookups.loading.get(number);
    if (loading === undefined) {
      loading = loadPage(connection, parsed, lookups, number).catch(() => undefined);
      lookups.loading.set(number, loading);
    }
    try {
      return await loading;
    } finally {
      lookups.loading.delete(number);
    }
  }

  #keep(lookups: Lookups, number: number, page: Page): void {
    if (lookups.pages.has(number)) return;
    lookups.pages.set(number, page);
    lookups.keptKeys += page.size;
    this.#kept_bytes += sizeOf_bytes(page);
    const isSparse = lookups.keptKeys < MIN_ROWS_PER_PAGE * lookups.pages.size;
    if (isSparse && lookups.pages.size >= PAGES_BEFORE_VERDICT) giveUpUnlessFound(lookups);
    if (this.#kept_bytes <= MAX_KEPT_BYTES) return;
    for (const each of this.#lookups.values()) {
      giveUpUnlessFound(each);
      each.pages.clear();
      each.keptKeys = 0;
      each.found = 0;
    }
    this.#kept_bytes = 0;
  }
}

/** Pages that were read for one lookup each cost more than they gave. */
function giveUpUnlessFound(lookups: Lookups): void {
  if (lookups.found < lookups.pages.size) lookups.unsuitable = true;
}

function keyOf({ key }: PointSelect, parameters: readonly BoundParameter[]): number | undefined {
  const value = 'literal' in key ? key.literal : parameters[key.parameter]?.value;
  const number = typeof value === 'bigint' ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
}

async function loadPage(
  connection: DuckDBConnection,
  parsed: Parsed,
  lookups: Lookups,
  number: number,
): Promise<Page | undefined> {
  const { schema, table, keyColumn, columns } = lookups.select;
  lookups.verified ??= isSuitable(connection, lookups.select);
  if (!(await lookups.verified)) {
    lookups.unsuitable = true;
    return undefined;
  }
  const relation = [...(schema === undefined ? [] : [schema]), table].map(quoteIdentifier).join('.');
  const list = columns?.map(quoteIdentifier).join(', ') ?? '*';
  const name = quoteIdentifier(keyColumn);
  const first = number * PAGE_KEYS;
  const result = await connection.run(
    `SELECT ${name}, ${list} FROM ${relation} WHERE ${name} BETWEEN ${first} AND ${first + PAGE_KEYS - 1} LIMIT ${MAX_PAGE_ROWS + 1}`,
  );
  const described = parsed.columns ?? [];
  const types = result.columnTypes().slice(1);
  const asDescribed =
    types.length === described.length &&
    types.every((type, at) => type.toString() === described[at]?.type.toString());
  const rows = asDescribed ? await result.getRows() : [];
  if (!asDescribed || rows.length > MAX_PAGE_ROWS) {
    lookups.unsuitable = true;
    return undefined;
  }
  const page = new Map<number, Row[]>();
  for (const [key, ...values] of rows) {
    const others = page.get(Number(key));
    if (others === undefined) page.set(Number(key), [values]);
    else others.push(values);
  }
  return page;
}

/** A base table with these columns, the only relation of its name: nothing in it depends on who reads it, or when. */
async function isSuitable(connection: DuckDBConnection, select: PointSelect): Promise<boolean> {
  const { schema, table, keyColumn, columns } = select;
  const name = quoteLiteral(table.toLowerCase());
  const tables = await connection.runAndReadAll(
    `SELECT schema_name, sql FROM duckdb_tables() WHERE lower(table_name) = ${name} AND NOT temporary
     UNION ALL SELECT schema_name, NULL FROM duckdb_views() WHERE lower(view_name) = ${name}`,
  );
  const [[found, sql] = [], ...others] = tables.getRows();
  if (others.length > 0 || typeof found !== 'string' || typeof sql !== 'string') return false;
  if (schema !== undefined && found.toLowerCase() !== schema.toLowerCase()) return false;
  if (/^(sqlens|sqlens_internal|main|pg_catalog|information_schema)$/i.test(found)) return false;
  // Generated columns are computed when they are read.
  if (/\bas\s*\(|\bgenerated\b/i.test(sql)) return false;
  const reader = await connection.runAndReadAll(
    `SELECT lower(column_name), data_type FROM duckdb_columns()
     WHERE lower(table_name) = ${name} AND schema_name = ${quoteLiteral(found)}`,
  );
  const types = new Map(reader.getRows().map(([column, type]) => [String(column), String(type)]));
  return (
    INTEGER_TYPES.has(types.get(keyColumn.toLowerCase()) ?? '') &&
    (columns ?? []).every((column) => types.has(column.toLowerCase()))
  );
}

const VALUE_BYTES = 40;

function sizeOf_bytes(page: Page): number {
  let size_bytes = PAGE_KEYS * VALUE_BYTES;
  for (const rows of page.values()) {
    for (const row of rows) for (const value of row) size_bytes += sizeOfValue_bytes(value);
  }
  return size_bytes;
}

function sizeOfValue_bytes(value: DuckDBValue): number {
  if (typeof value === 'string') return VALUE_BYTES + 2 * value.length;
  if (typeof value !== 'object' || value === null) return VALUE_BYTES;
  // Nested values may be long: counted by what they print.
  return 4 * VALUE_BYTES + 4 * String(value).length;
}
