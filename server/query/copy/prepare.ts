/** COPY to and from the client, made ready: which rows it reads, or which columns of which table it fills. */
import { type DuckDBConnection, type DuckDBType, DuckDBTypeId, VARCHAR } from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { CopyInColumn } from '../api.ts';
import { shifted } from '../control/shift.ts';
import type { Parsed } from '../describe/parsed.ts';
import { refuseImageTable } from '../engine/image-tables.ts';
import type { SessionContext } from '../session/session-context.ts';
import { classify } from '../text/statements.ts';
import { quoteIdentifier, quoteLiteral, type Token, tokenize } from '../text/tokens.ts';
import { type CopyOptions, resolveOptions, sameName, unknownColumn } from './options.ts';
import { type ClientCopy, type CopySource, readClientCopy } from './syntax.ts';

export type PreparedCopy =
  | { readonly direction: 'to'; readonly query: Parsed; readonly options: CopyOptions }
  | {
      readonly direction: 'from';
      /** As it was typed. */
      readonly table: string;
      /** Its name alone. */
      readonly relation: string;
      readonly target: readonly CopyInColumn[];
      readonly options: CopyOptions;
      readonly where: ClientCopy['where'];
    };

/** More than any table has in PostgreSQL. */
const MAX_COLUMNS = 1600;

/**
 * @returns undefined for COPY of a file of the server
 * @throws SqlensError 42601, 42703, 42P01 and what else PostgreSQL refuses a COPY with
 */
export async function prepareClientCopy(
  context: SessionContext,
  text: string,
  tokens: readonly Token[],
): Promise<PreparedCopy | undefined> {
  const copy = readClientCopy(text, tokens);
  if (copy === undefined) return undefined;
  const parameter = tokens.find(({ kind }) => kind === 'parameter');
  if (parameter !== undefined) {
    throw new SqlensError({
      sqlState: SqlState.undefinedParameter,
      message: `there is no parameter ${parameter.text}`,
      hint: 'COPY takes no parameters: write the value itself.',
      position: parameter.start + 1,
    });
  }
  const { source } = copy;
  if (source.kind === 'query') return ofQuery(context, copy, source);
  return copy.direction === 'to' ? ofRelation(context, copy, source) : intoTable(context, copy, source);
}

type QuerySource = Extract<CopySource, { kind: 'query' }>;
type TableSource = Extract<CopySource, { kind: 'table' }>;

const QUERIES = new Set(['query', 'insert', 'update', 'delete', 'merge', 'show-engine']);

async function ofQuery(
  context: SessionContext,
  copy: ClientCopy,
  source: QuerySource,
): Promise<PreparedCopy> {
  const { kind } = classify(tokenize(source.text));
  if (!QUERIES.has(kind)) {
    throw new SqlensError({
      sqlState: SqlState.featureNotSupported,
      message: `COPY does not take this statement: ${source.text.slice(0, 40)}`,
      hint: 'Copy a SELECT, or an INSERT, UPDATE or DELETE with RETURNING.',
      position: source.offset + 1,
    });
  }
  const query = await shifted(source.offset, context.parse(source.text, []));
  if (query.columns === undefined) {
    throw new SqlensError({
      sqlState: SqlState.featureNotSupported,
      message: 'COPY query must have a RETURNING clause',
    });
  }
  const names = query.columns.map(({ name }) => name);
  const isColumn = (name: string) => names.some((column) => sameName(column, name));
  return { direction: 'to', query, options: resolveOptions(copy.options, names, isColumn, undefined) };
}

async function ofRelation(
  context: SessionContext,
  copy: ClientCopy,
  source: TableSource,
): Promise<PreparedCopy> {
  const relation = source.parts.at(-1) ?? '';
  const all = await shifted(undefined, context.parse(`SELECT * FROM ${source.text}`, []));
  const known = await relationColumns(context.connection, source).catch(() => []);
  const generated = known.filter(({ isGenerated }) => isGenerated);
  const isGenerated = (name: string) => generated.some((column) => sameName(column.name, name));
  const existing = (all.columns ?? []).map(({ name }) => name);
  const columns = chosen(source, existing, isGenerated, relation);
  const list = columns.map(quoteIdentifier).join(', ');
  const isWhole = columns.length === existing.length && source.columns === undefined;
  const query = isWhole
    ? all
    : await shifted(undefined, context.parse(`SELECT ${list} FROM ${source.text}`, []));
  const isColumn = (name: string) => existing.some((column) => sameName(column, name));
  return { direction: 'to', query, options: resolveOptions(copy.options, columns, isColumn, relation) };
}

async function intoTable(
  context: SessionContext,
  copy: ClientCopy,
  source: TableSource,
): Promise<PreparedCopy> {
  const relation = source.parts.at(-1) ?? '';
  // Finds the relation as every other statement does, and says as they do if there is none.
  await shifted(undefined, context.parse(`SELECT * FROM ${source.text}`, []));
  await refuseImageTable(context.connection, { parts: source.parts }, 'COPY FROM');
  const existing = await relationColumns(context.connection, source);
  const isGenerated = (name: string) =>
    existing.some((column) => column.isGenerated && sameName(column.name, name));
  const names = existing.map(({ name }) => name);
  const columns = chosen(source, names, isGenerated, relation);
  const list = columns.map(quoteIdentifier).join(', ');
  const nulls = columns.map(() => 'NULL').join(', ');
  // Refuses what no INSERT may fill: views, and what belongs to the server.
  await shifted(
    undefined,
    context.parse(`INSERT INTO ${source.text} (${list}) SELECT ${nulls} WHERE FALSE`, []),
  );
  if (copy.where !== undefined) await checkCondition(context, copy.where, source, list);
  const target = columns.map((name): CopyInColumn => {
    const column = existing.find((candidate) => sameName(candidate.name, name));
    const type = column?.type ?? VARCHAR;
    // A row that the condition drops may hold what it likes.
    const isNotNull = copy.where === undefined && column?.isNotNull === true;
    return { name: column?.name ?? name, type, stored: storedType(type), isNotNull };
  });
  const isColumn = (name: string) => names.some((column) => sameName(column, name));
  const options = resolveOptions(copy.options, columns, isColumn, relation);
  return { direction: 'from', table: source.text, relation, target, options, where: copy.where };
}

/** Binds the condition to the columns that are copied, before the client sends a row. */
async function checkCondition(
  context: SessionContext,
  where: NonNullable<ClientCopy['where']>,
  source: TableSource,
  list: string,
): Promise<void> {
  const subquery = tokenize(where.text).find(({ kind, value }) => kind === 'word' && value === 'select');
  if (subquery !== undefined) {
    throw new SqlensError({
      sqlState: SqlState.featureNotSupported,
      message: 'cannot use subquery in COPY FROM WHERE condition',
      position: where.offset + subquery.start + 1,
    });
  }
  const relation = quoteIdentifier(source.parts.at(-1) ?? '');
  const before = `SELECT * FROM (SELECT ${list} FROM ${source.text}) AS ${relation} WHERE `;
  await shifted(where.offset - before.length, context.parse(before + where.text, []));
}

/** The columns that are copied: those of the list, or all that are not generated. */
function chosen(
  source: TableSource,
  existing: readonly string[],
  isGenerated: (name: string) => boolean,
  relation: string,
): readonly string[] {
  if (source.columns === undefined)
    return existing.filter((name) => !isGenerated(name)).slice(0, MAX_COLUMNS);
  const seen = new Set<string>();
  for (const name of source.columns) {
    if (!existing.some((column) => sameName(column, name))) throw unknownColumn(name, relation);
    if (isGenerated(name)) {
      throw new SqlensError({
        sqlState: SqlState.invalidColumnReference,
        message: `column "${name}" is a generated column`,
        detail: 'Generated columns cannot be used in COPY.',
      });
    }
    if (seen.has(name.toLowerCase())) {
      throw new SqlensError({
        sqlState: SqlState.duplicateColumn,
        message: `column "${name}" specified more than once`,
      });
    }
    seen.add(name.toLowerCase());
  }
  return source.columns;
}

interface RelationColumn {
  readonly name: string;
  readonly type: DuckDBType;
  readonly isNotNull: boolean;
  readonly isGenerated: boolean;
}

async function relationColumns(
  connection: DuckDBConnection,
  source: TableSource,
): Promise<readonly RelationColumn[]> {
  const name = source.parts.map(quoteIdentifier).join('.');
  const info = await connection.runAndReadAll(`PRAGMA table_info(${quoteLiteral(name)})`);
  const prepared = await connection.prepare(`SELECT * FROM ${name}`);
  const columns: RelationColumn[] = [];
  try {
    for (const [at, row] of info.getRows().entries()) {
      const column = String(row[1]);
      // Only what makes a generated column stands where a default would.
      const isGenerated = row[4] !== null && !(await takesValues(connection, name, column));
      columns.push({ name: column, type: prepared.columnType(at), isNotNull: row[3] === true, isGenerated });
    }
  } finally {
    prepared.destroySync();
  }
  return columns;
}

async function takesValues(connection: DuckDBConnection, table: string, column: string): Promise<boolean> {
  try {
    const insert = await connection.prepare(
      `INSERT INTO ${table} (${quoteIdentifier(column)}) SELECT NULL WHERE FALSE`,
    );
    insert.destroySync();
    return true;
  } catch (error) {
    return !/generated column/i.test(String(error));
  }
}

/** What rows are kept as until they are inserted: the type itself, or text of which the engine makes it. */
function storedType(type: DuckDBType): DuckDBType {
  switch (type.typeId) {
    // A NULL that is written into a union's vector is not the NULL that SQL makes.
    case DuckDBTypeId.UNION:
    case DuckDBTypeId.VARIANT:
    case DuckDBTypeId.ENUM:
    case DuckDBTypeId.GEOMETRY:
    case DuckDBTypeId.BIGNUM:
    case DuckDBTypeId.VARCHAR:
      return VARCHAR;
    default:
      return type;
  }
}
