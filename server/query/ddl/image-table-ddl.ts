/**
 * CREATE [OR REPLACE] EXTERNAL TABLE [IF NOT EXISTS] name OPTIONS (format = 'image', uris = [...]),
 * REFRESH TABLE name, DROP EXTERNAL TABLE [IF EXISTS] name. Listing reads no pixel.
 */
import {
  BIGINT,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBMapValue,
  DuckDBTimestampTZValue,
  LIST,
  listValue,
  MAP,
  TIMESTAMPTZ,
  VARCHAR,
} from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { ImageObject } from '../../../image-source/api.ts';
import type { RowsExecution } from '../api.ts';
import type { Parsed } from '../describe/parsed.ts';
import { findImageTable } from '../engine/image-tables.ts';
import { finished } from '../run/executions.ts';
import type { SessionContext } from '../session/session-context.ts';
import { quoteIdentifier, quoteLiteral, type Token } from '../text/tokens.ts';
import { Cursor, errorAt, type Option, pointedAt } from './cursor.ts';
import { inTransaction, noteSkipped } from './in-transaction.ts';

/** Columns that every image table has; partitions follow them. */
const BASE_COLUMNS = ['uri', 'image', 'size', 'etag', 'last_modified', 'content_type'];

const STAGING = 'temp.__sqlens_listing';

interface ImageTableDefinition {
  readonly schema: string;
  readonly name: string;
  readonly token: Token;
  readonly uris: readonly string[];
  /** Where they are given, for errors. */
  readonly urisToken: Token | undefined;
  readonly replace: boolean;
  readonly ifNotExists: boolean;
}

export async function createImageTable(context: SessionContext, parsed: Parsed): Promise<RowsExecution> {
  const parsedDefinition = parseCreate(parsed.tokens);
  const { connection, engine } = context;
  // Relative paths are settled now: a later refresh may run elsewhere.
  const canonical = (uri: string) => {
    try {
      return engine.options.locations.canonicalPattern(uri);
    } catch (error) {
      throw pointedAt(parsedDefinition.urisToken, error);
    }
  };
  const uris = parsedDefinition.uris.map(canonical);
  const definition = { ...parsedDefinition, uris };
  const { schema, name, token } = definition;
  const exists = await tableExists(connection, schema, name);
  if (exists && definition.ifNotExists) {
    noteSkipped(context, SqlState.duplicateTable, `relation "${name}" already exists`);
    return finished('CREATE TABLE');
  }
  if (exists && !definition.replace) {
    throw errorAt(token, SqlState.duplicateTable, `relation "${name}" already exists`);
  }
  if (exists && (await findImageTable(connection, [schema, name])) === undefined) {
    throw errorAt(token, SqlState.wrongObjectType, `"${name}" is not an image table`, 'DROP TABLE it first.');
  }
  await inTransaction(context, async () => {
    const partitions = await stage(context, definition.uris).catch((error: unknown) => {
      throw context.signal.aborted ? error : pointedAt(definition.urisToken, error);
    });
    if (exists) await drop(connection, schema, name);
    await connection.run(
      `CREATE TABLE ${qualified(schema, name)} AS SELECT ${columnList(partitions)} FROM ${STAGING} ORDER BY uri`,
    );
    await connection.run(
      `INSERT INTO sqlens_internal.image_tables VALUES ($1, $2, $3, now(), now(), $4)`,
      [schema, name, listValue([...definition.uris]), context.user],
      [VARCHAR, VARCHAR, LIST(VARCHAR), VARCHAR],
    );
    await connection.run(`DROP TABLE ${STAGING}`);
  });
  return finished('CREATE TABLE');
}

/** Lists again; adds, drops and updates rows by URI and version, and adds columns for new partitions. */
export async function refreshTable(context: SessionContext, parsed: Parsed): Promise<RowsExecution> {
  const cursor = new Cursor(parsed.tokens);
  cursor.expect('refresh');
  if (!cursor.accept('external')) cursor.accept('foreign');
  cursor.expect('table');
  const { schema, name, token } = cursor.qualifiedName("the image table's name");
  cursor.expectEnd();
  const { connection } = context;
  const table = await findImageTable(connection, [schema, name]);
  if (table === undefined) throw notAnImageTable(name, token, await tableExists(connection, schema, name));
  const target = qualified(table.schema, table.name);
  await inTransaction(context, async () => {
    const partitions = await stage(context, table.uris);
    const columns = await connection.runAndReadAll(`SELECT * FROM ${target} LIMIT 0`);
    const known = new Set(columns.columnNames().map((column) => column.toLowerCase()));
    for (const partition of partitions) {
      if (known.has(partition.toLowerCase())) continue;
      await connection.run(`ALTER TABLE ${target} ADD COLUMN ${quoteIdentifier(partition)} VARCHAR`);
    }
    await connection.run(
      `DELETE FROM ${target} AS t WHERE NOT EXISTS (
         SELECT 1 FROM ${STAGING} AS s WHERE s.uri = t.uri AND s.version = t.etag)`,
    );
    await connection.run(
      `INSERT INTO ${target} BY NAME SELECT ${columnList(partitions)} FROM ${STAGING} AS s
       WHERE NOT EXISTS (SELECT 1 FROM ${target} AS t WHERE t.uri = s.uri) ORDER BY uri`,
    );
    await connection.run(
      'UPDATE sqlens_internal.image_tables SET refreshed_at = now() WHERE schema_name = $1 AND name = $2',
      [table.schema, table.name],
    );
    await connection.run(`DROP TABLE ${STAGING}`);
  });
  return finished('REFRESH TABLE');
}

export async function dropImageTable(context: SessionContext, parsed: Parsed): Promise<RowsExecution> {
  const cursor = new Cursor(parsed.tokens);
  cursor.expect('drop');
  if (!cursor.accept('external')) cursor.expect('foreign');
  cursor.expect('table');
  const ifExists = cursor.accept('if', 'exists');
  const { schema, name, token } = cursor.qualifiedName("the image table's name");
  cursor.expectEnd();
  const { connection } = context;
  const table = await findImageTable(connection, [schema, name]);
  if (table === undefined) {
    const exists = await tableExists(connection, schema, name);
    if (ifExists && !exists) {
      noteSkipped(context, SqlState.undefinedTable, `relation "${name}" does not exist`);
      return finished('DROP FOREIGN TABLE');
    }
    throw notAnImageTable(name, token, exists);
  }
  await inTransaction(context, () => drop(connection, table.schema, table.name));
  return finished('DROP FOREIGN TABLE');
}

function parseCreate(tokens: readonly Token[]): ImageTableDefinition {
  const cursor = new Cursor(tokens);
  cursor.expect('create');
  const replace = cursor.accept('or', 'replace');
  cursor.expect('external', 'table');
  const ifNotExists = cursor.accept('if', 'not', 'exists');
  const { schema, name, token } = cursor.qualifiedName("the table's name");
  cursor.expect('options');
  const options = cursor.options();
  cursor.expectEnd();
  let uris: readonly string[] | undefined;
  let urisToken: Token | undefined;
  for (const option of options) {
    if (option.name === 'format') checkFormat(option);
    else if (option.name === 'uris' || option.name === 'uri') {
      uris = urisOf(option);
      urisToken = option.valueToken;
    } else {
      throw errorAt(
        option.nameToken,
        SqlState.syntaxError,
        `CREATE EXTERNAL TABLE has no option "${option.name}"`,
        'The options are format and uris.',
      );
    }
  }
  if (uris === undefined) {
    throw errorAt(
      token,
      SqlState.syntaxError,
      'an image table needs uris',
      "Add uris = ['folder or bucket/'].",
    );
  }
  return { schema, name, token, uris, urisToken, replace, ifNotExists };
}

function checkFormat(option: Option): void {
  if (option.value === 'image') return;
  throw errorAt(
    option.valueToken,
    SqlState.invalidParameterValue,
    `format cannot be ${option.valueToken.text}`,
    "The format is 'image'.",
  );
}

function urisOf(option: Option): readonly string[] {
  if (typeof option.value === 'string') return [option.value];
  const items: readonly unknown[] = Array.isArray(option.value) ? option.value : [];
  const uris = items.filter((item) => typeof item === 'string');
  if (uris.length > 0 && uris.length === items.length) return uris;
  throw errorAt(
    option.valueToken,
    SqlState.invalidParameterValue,
    'uris takes a list of locations',
    "Write uris = ['folder or bucket/'].",
  );
}

/** Lists into a temporary table, page by page: memory stays flat however much there is. Gives the partitions' names. */
async function stage(context: SessionContext, uris: readonly string[]): Promise<string[]> {
  const { connection, engine } = context;
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE __sqlens_listing (uri VARCHAR, version VARCHAR, size BIGINT,
       last_modified TIMESTAMPTZ, content_type VARCHAR, partitions MAP(VARCHAR, VARCHAR))`,
  );
  const partitions = new Map<string, string>();
  const seen = uris.length > 1 ? new Set<string>() : undefined;
  const appender = await connection.createAppender('__sqlens_listing', 'main', 'temp');
  try {
    for (const uri of uris) {
      for await (const page of engine.options.locations.list(uri, { signal: context.signal })) {
        const fresh = seen === undefined ? page : page.filter((image) => !seen.has(image.uri));
        for (const image of fresh) {
          seen?.add(image.uri);
          for (const name of image.partitions.keys()) notePartition(partitions, name);
        }
        for (let from = 0; from < fresh.length; from += 1024) {
          appender.appendDataChunk(chunkOf(fresh.slice(from, from + 1024)));
        }
      }
    }
  } finally {
    appender.closeSync();
  }
  return [...partitions.values()];
}

function notePartition(partitions: Map<string, string>, name: string): void {
  const lower = name.toLowerCase();
  if (BASE_COLUMNS.includes(lower)) {
    throw new SqlensError({
      sqlState: SqlState.duplicateColumn,
      message: `the partition folder "${name}=…" has the name of a column that every image table has`,
      hint: 'Rename the folders, or list the folder below them.',
    });
  }
  if (!partitions.has(lower)) partitions.set(lower, name);
}

const STAGING_TYPES = [VARCHAR, VARCHAR, BIGINT, TIMESTAMPTZ, VARCHAR, MAP(VARCHAR, VARCHAR)];

function chunkOf(images: readonly ImageObject[]): DuckDBDataChunk {
  const chunk = DuckDBDataChunk.create(STAGING_TYPES, images.length);
  chunk.setColumnValues(
    0,
    images.map((image) => image.uri),
  );
  chunk.setColumnValues(
    1,
    images.map((image) => image.version),
  );
  chunk.setColumnValues(
    2,
    images.map((image) => BigInt(image.size_bytes)),
  );
  chunk.setColumnValues(
    3,
    images.map(
      (image) => new DuckDBTimestampTZValue(BigInt(Math.round(image.lastModified.getTime())) * 1000n),
    ),
  );
  chunk.setColumnValues(
    4,
    images.map((image) => image.contentType),
  );
  chunk.setColumnValues(
    5,
    images.map((image) => new DuckDBMapValue([...image.partitions].map(([key, value]) => ({ key, value })))),
  );
  return chunk;
}

function columnList(partitions: readonly string[]): string {
  const columns = [
    'uri',
    "{'uri': uri, 'version': version}::STRUCT(uri VARCHAR, version VARCHAR) AS image",
    'size',
    'version AS etag',
    'last_modified',
    'content_type',
    ...partitions.map((name) => `partitions[${quoteLiteral(name)}] AS ${quoteIdentifier(name)}`),
  ];
  return columns.join(', ');
}

async function drop(connection: DuckDBConnection, schema: string, name: string): Promise<void> {
  await connection.run(`DROP TABLE ${qualified(schema, name)}`);
  await connection.run('DELETE FROM sqlens_internal.image_tables WHERE schema_name = $1 AND name = $2', [
    schema,
    name,
  ]);
}

async function tableExists(connection: DuckDBConnection, schema: string, name: string): Promise<boolean> {
  const reader = await connection.runAndReadAll(
    `SELECT 1 FROM information_schema.tables WHERE lower(table_schema) = lower($1) AND lower(table_name) = lower($2)`,
    [schema, name],
  );
  return reader.getRows().length > 0;
}

function qualified(schema: string, name: string): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

function notAnImageTable(name: string, token: Token, exists: boolean): SqlensError {
  return exists
    ? errorAt(
        token,
        SqlState.wrongObjectType,
        `"${name}" is not an image table`,
        'sqlens.image_tables lists the image tables; DROP TABLE and DROP VIEW drop everything else.',
      )
    : errorAt(
        token,
        SqlState.undefinedTable,
        `relation "${name}" does not exist`,
        'sqlens.image_tables lists the image tables.',
      );
}
