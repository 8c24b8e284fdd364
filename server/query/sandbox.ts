/**
 * What SQL may do here. DuckDB keeps statements off files outside the allowed folders by itself
 * (`allowed_directories`); this is the rest: statements, functions and names that would reach the server's own files,
 * other sessions or the engine, refused by what stands in the text, wherever it stands (EXPLAIN, views, macros).
 */
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { SqlensError, SqlState } from '../../common/errors.ts';
import { behindBracket, splitAtCommas } from './text/clauses.ts';
import { classify, explainedTokens, type StatementKind } from './text/statements.ts';
import type { Token } from './text/tokens.ts';

/** Table functions that read nothing but data, or files under DuckDB's own rule. */
const ALLOWED_TABLE_FUNCTIONS = new Set([
  'range',
  'generate_series',
  'unnest',
  'repeat',
  'repeat_row',
  'summary',
  'read_images',
  'json_each',
  'json_tree',
  'read_csv',
  'read_csv_auto',
  'read_json',
  'read_json_auto',
  'read_json_objects',
  'read_json_objects_auto',
  'read_ndjson',
  'read_ndjson_auto',
  'read_ndjson_objects',
  'read_parquet',
  'parquet_scan',
  'parquet_metadata',
  'parquet_schema',
  'parquet_file_metadata',
  'parquet_kv_metadata',
  'read_text',
  'read_blob',
  'glob',
  'sniff_csv',
  'duckdb_tables',
  'duckdb_columns',
  'duckdb_views',
  'duckdb_schemas',
  'duckdb_types',
  'duckdb_functions',
  'duckdb_constraints',
  'duckdb_indexes',
  'duckdb_sequences',
  'duckdb_keywords',
  'duckdb_databases',
  'pragma_table_info',
  'pragma_show',
  'pg_timezone_names',
  'icu_calendar_names',
  'test_all_types',
  'test_vector_types',
  'histogram',
  'histogram_values',
]);

/** Functions whose string arguments name files. */
const FILE_FUNCTIONS = /^(read_(csv|json|ndjson|parquet|text|blob).*|parquet_.*|glob|sniff_csv)$/;

/** Ours, with rules of its own about locations. */
const FORBIDDEN_SCALARS = new Set(['write_log', 'getenv', 'json_execute_serialized_sql']);

export const INTERNAL_SCHEMA = 'sqlens_internal';

/** Schemas that belong to the server. */
export const SERVER_SCHEMAS = new Set([
  'sqlens',
  INTERNAL_SCHEMA,
  'information_schema',
  'pg_catalog',
  'main',
]);

export interface SandboxRules {
  /** Every table function and pragma of the engine, by lower-case name. */
  readonly tableFunctions: ReadonlySet<string>;
  /** Real path of the data directory. */
  readonly dataDir: string;
  /** Folders below it that SQL may read all the same (the sample images). */
  readonly readableBelowDataDir: readonly string[];
}

/** @throws 42501 (or 0A000) with the position of what is not allowed */
export function checkStatement(
  tokens: readonly Token[],
  statement: StatementKind,
  rules: SandboxRules,
): void {
  if (statement.kind === 'refused') throw refusal(statement.what, tokens[0]);
  checkExplained(tokens, statement);
  tokens.forEach((token, at) => {
    if (token.kind !== 'word' && token.kind !== 'quoted') return;
    const name = token.value.toLowerCase();
    if (name === INTERNAL_SCHEMA) throw denied(`schema ${INTERNAL_SCHEMA} belongs to the server`, token);
    if (tokens[at + 1]?.value !== '(') return;
    if (name.startsWith('__')) throw denied(`${token.value} is internal`, token);
    const isTarget = tokens[at - 1]?.value === 'into' || tokens[at - 1]?.value === 'table';
    if (isTarget) return;
    if (FORBIDDEN_SCALARS.has(name)) throw denied(`function ${name} is not available`, token);
    if (rules.tableFunctions.has(name) && !ALLOWED_TABLE_FUNCTIONS.has(name)) {
      throw denied(`function ${name} is not available`, token);
    }
    if (FILE_FUNCTIONS.test(name)) checkFileArguments(tokens, at + 1, name, rules);
  });
  // Our own statements read through locations, which have rules of their own.
  if (statement.kind !== 'sqlens') checkFilesInFrom(tokens, rules);
  checkTarget(tokens, statement);
}

/** What EXPLAIN may explain: statements that it does not run, or that ask before they run. */
const EXPLAINABLE = new Set<StatementKind['kind']>([
  'query',
  'insert',
  'update',
  'delete',
  'merge',
  'create-table-as',
]);

function checkExplained(tokens: readonly Token[], statement: StatementKind): void {
  if (statement.kind !== 'explain') return;
  const explained = explainedTokens(tokens);
  const [first] = explained;
  if (first === undefined) return;
  const inner = classify(explained);
  if (!EXPLAINABLE.has(inner.kind)) throw refusal(`EXPLAIN ${first.text.toUpperCase()}`, first);
  if (statement.analyze && inner.kind !== 'query') {
    throw refusal(`EXPLAIN ANALYZE ${first.text.toUpperCase()}`, first);
  }
}

/**
 * A file function's first argument is one literal or a list of them: DuckDB keeps its own database file readable, and
 * a name that only shows when it runs (a macro's parameter, a column, `||`) could be that file's.
 */
function checkFileArguments(tokens: readonly Token[], open: number, name: string, rules: SandboxRules): void {
  const close = behindBracket(tokens, open) - 1;
  const [files] = splitAtCommas(tokens, open + 1, close);
  if (files === undefined) return;
  for (const token of tokens.slice(...files)) {
    const isBracket = token.kind === 'operator' && /^[[\],]$/.test(token.value);
    if (token.kind === 'string') checkReadable(token, rules);
    else if (!isBracket) throw denied(`${name} takes its file names as plain literals here`, token);
  }
}

/** FROM 'file.csv' reads a file as well. */
function checkFilesInFrom(tokens: readonly Token[], rules: SandboxRules): void {
  tokens.forEach((token, at) => {
    if (token.kind !== 'string' && token.kind !== 'quoted') return;
    if (!standsInFrom(tokens, at)) return;
    if (/[/\\]|\.(csv|tsv|json|jsonl|ndjson|parquet|db|duckdb)/i.test(token.value))
      checkReadable(token, rules);
  });
}

/** Where a string names a file: behind FROM or JOIN, or in a FROM list. Elsewhere a comma separates values. */
function standsInFrom(tokens: readonly Token[], at: number): boolean {
  let depth = 0;
  for (let back = at - 1; back >= 0; back--) {
    const token = tokens[back];
    if (token === undefined) return false;
    if (token.kind === 'operator' && /^[)\]}]$/.test(token.value)) depth++;
    else if (token.kind === 'operator' && /^[([{]$/.test(token.value) && --depth < 0) {
      // `FROM ('x.csv')` is a table in brackets; `f('x')` and `IN ('x')` are values.
      depth = 0;
      const opener = tokens[back - 1]?.value ?? '';
      if (!['from', 'join', ',', '('].includes(opener)) return false;
    } else if (depth === 0 && token.kind === 'word') {
      if (RELATION_WORDS.has(token.value)) return true;
      if (CLAUSE_WORDS.has(token.value)) return false;
    }
  }
  return false;
}

/** Words behind which a relation stands. */
const RELATION_WORDS = new Set([
  'from',
  'join',
  'using',
  'table',
  'describe',
  'desc',
  'show',
  'summarize',
  'pivot',
  'unpivot',
]);

/** Words that begin something other than a FROM list; ON does not, since a list may go on behind its condition. */
const CLAUSE_WORDS = new Set([
  'select',
  'where',
  'group',
  'order',
  'having',
  'qualify',
  'values',
  'set',
  'by',
]);

function checkReadable(token: Token, rules: SandboxRules): void {
  const wildcard = token.value.search(/[*?[{]/);
  const fixed = wildcard < 0 ? token.value : token.value.slice(0, wildcard);
  const plain = fixed.replace(/^file:(\/\/)?/, '');
  const folder = wildcard < 0 ? plain : plain.slice(0, plain.lastIndexOf('/') + 1);
  const real = realPathOf(folder === '' ? '.' : folder);
  if (rules.readableBelowDataDir.some((readable) => isBelow(real, readable))) return;
  if (isBelow(real, rules.dataDir) || (wildcard >= 0 && isBelow(rules.dataDir, real))) {
    throw denied('the data directory belongs to the server', token);
  }
}

/** The real path of a file that may not exist yet: of its nearest folder that does. */
export function realPathOf(file: string): string {
  const absolute = path.resolve(file);
  try {
    return realpathSync(absolute);
  } catch {
    const parent = path.dirname(absolute);
    return parent === absolute ? absolute : path.join(realPathOf(parent), path.basename(absolute));
  }
}

export function isBelow(file: string, folder: string): boolean {
  return file === folder || file.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep);
}

const TARGET_WORDS = new Set([
  'into',
  'update',
  'table',
  'view',
  'macro',
  'function',
  'schema',
  'type',
  'sequence',
  'index',
  'exists',
  'on',
  'from',
  'truncate',
  'column',
]);

/** Statements that change something may not change what is the server's. */
function checkTarget(tokens: readonly Token[], statement: StatementKind): void {
  switch (statement.kind) {
    case 'ddl':
    case 'insert':
    case 'update':
    case 'delete':
    case 'merge':
    case 'create-table-as':
    case 'sqlens':
      break;
    default:
      return;
  }
  tokens.forEach((token, at) => {
    const name = token.value.toLowerCase();
    if (token.kind !== 'word' && token.kind !== 'quoted') return;
    const isPublic = name === 'public' && /^(drop|alter)$/.test(tokens[0]?.value ?? '');
    if (!SERVER_SCHEMAS.has(name) && !isPublic) return;
    const before = tokens[startOfName(tokens, at) - 1]?.value ?? '';
    const isQualifier = tokens[at + 1]?.value === '.';
    const isSchemaItself =
      before === 'schema' || (before === 'exists' && tokens.some((t) => t.value === 'schema'));
    const targetsIt =
      !isPublic &&
      TARGET_WORDS.has(before) &&
      isQualifier &&
      !(before === 'from' && statement.kind !== 'delete');
    if (targetsIt || isSchemaItself) throw denied(`schema ${name} belongs to the server`, token);
  });
}

/** Index of the first part of the name that has its last (or a middle) part at `at`: `store.sqlens.models`. */
function startOfName(tokens: readonly Token[], at: number): number {
  let start = at;
  while (tokens[start - 1]?.value === '.') start -= 2;
  return Math.max(start, 0);
}

function refusal(what: string, token: Token | undefined): SqlensError {
  const later = /^(DECLARE|FETCH|MOVE|LISTEN|NOTIFY|LOCK|GRANT|REVOKE|DO|SELECT INTO)$/.test(what);
  return new SqlensError({
    sqlState: later ? SqlState.featureNotSupported : SqlState.insufficientPrivilege,
    message: later ? `${what} is not supported` : `${what} is not available over SQL`,
    hint: later
      ? undefined
      : 'Files, extensions, other databases and the engine belong to whoever starts the server.',
    position: token === undefined ? undefined : token.start + 1,
  });
}

function denied(message: string, token: Token): SqlensError {
  return new SqlensError({
    sqlState: SqlState.insufficientPrivilege,
    message,
    position: token.start + 1,
  });
}
