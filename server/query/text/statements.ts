/** What kind of statement a text is, by its keywords: decides which path it takes. DuckDB's parser has the last word. */

import { readSessionCalls } from '../control/session-call-syntax.ts';
import { behindBracket } from './clauses.ts';
import type { Token } from './tokens.ts';

export type StatementKind =
  /** Returns rows and changes nothing. */
  | { readonly kind: 'query' }
  | { readonly kind: 'insert' | 'update' | 'delete' | 'merge' }
  | { readonly kind: 'create-table-as' }
  | { readonly kind: 'copy' }
  /** Everything else that DuckDB runs whole: tag as PostgreSQL has it. */
  | { readonly kind: 'ddl'; readonly tag: string }
  | { readonly kind: 'explain'; readonly analyze: boolean }
  /** DESCRIBE, SUMMARIZE and SHOW of DuckDB's things: rows, but not a SELECT. */
  | { readonly kind: 'show-engine' }
  | ControlKind
  /** Ours: CREATE MODEL and the like. `verb` names the file in ddl/ that parses it. */
  | { readonly kind: 'sqlens'; readonly verb: SqlensVerb }
  /** Sent by clients as routine, and with nothing to do for us. */
  | { readonly kind: 'no-op'; readonly tag: string }
  | { readonly kind: 'refused'; readonly what: string };

/** About the session itself: control/ runs them. */
export type ControlKind =
  | { readonly kind: 'begin' | 'commit' | 'rollback' }
  | { readonly kind: 'savepoint' | 'release' | 'rollback-to' }
  /** PREPARE TRANSACTION, COMMIT PREPARED, ROLLBACK PREPARED. */
  | { readonly kind: 'two-phase' }
  | { readonly kind: 'set' | 'show' | 'reset' | 'discard' }
  | { readonly kind: 'prepare' | 'execute' | 'deallocate' }
  | { readonly kind: 'declare' | 'fetch' | 'move' | 'close' }
  | { readonly kind: 'listen' | 'unlisten' | 'notify' }
  | { readonly kind: 'lock' }
  /** VACUUM, ANALYZE, REINDEX, CLUSTER. */
  | { readonly kind: 'upkeep' }
  /** SELECT of nothing but functions that act on the session. */
  | { readonly kind: 'session-call' }
  /** What PostgreSQL has and the engine has not. `alone`: not inside a transaction block. */
  | {
      readonly kind: 'unsupported';
      readonly what: string;
      readonly hint: string;
      readonly writes: boolean;
      readonly alone: boolean;
    };

export type SqlensVerb =
  | 'create-model'
  | 'drop-model'
  | 'alter-model'
  | 'show-models'
  | 'show-named-models'
  | 'show-model-versions'
  | 'describe-model'
  | 'register-keras-udf'
  | 'create-image-table'
  | 'refresh-table'
  | 'drop-image-table';

const QUERY_WORDS = new Set(['select', 'values', 'from', 'table', 'pivot', 'unpivot', 'pivot_wider']);
const REFUSED_WORDS = new Set([
  'attach',
  'detach',
  'install',
  'load',
  'export',
  'import',
  'checkpoint',
  'force',
  'pragma',
  'call',
  'use',
  'update_extensions',
  'kill',
]);

/** @param tokens the statement's tokens; at least one */
export function classify(tokens: readonly Token[]): StatementKind {
  const words = tokens.slice(0, 8).map((token) => (token.kind === 'word' ? token.value : token.text));
  const [first = '', second = '', third = ''] = words;
  switch (first) {
    case '(':
      return { kind: 'query' };
    case 'with':
      return afterWith(tokens);
    case 'select':
      if (second === 'register_keras_udf' && third === '(') {
        return { kind: 'sqlens', verb: 'register-keras-udf' };
      }
      return readSessionCalls(tokens) === undefined ? intoTable(tokens) : { kind: 'session-call' };
    case 'insert':
    case 'update':
    case 'delete':
    case 'merge':
      return first === 'update' && second === 'extensions'
        ? { kind: 'refused', what: 'UPDATE EXTENSIONS' }
        : { kind: first };
    case 'truncate':
      return { kind: 'ddl', tag: 'TRUNCATE TABLE' };
    case 'create':
      if (UNSUPPORTED_OBJECTS.has(second)) return unsupported(words);
      return create(tokens, words);
    case 'drop':
      if (UNSUPPORTED_OBJECTS.has(second)) return unsupported(words);
      return drop(words);
    case 'alter':
      if (second === 'model') return { kind: 'sqlens', verb: 'alter-model' };
      if (UNSUPPORTED_OBJECTS.has(second)) return unsupported(words);
      return ALTERABLE.has(second)
        ? { kind: 'ddl', tag: `ALTER ${second.toUpperCase()}` }
        : { kind: 'refused', what: `ALTER ${second.toUpperCase()}` };
    case 'refresh':
      return { kind: 'sqlens', verb: 'refresh-table' };
    case 'comment':
      return { kind: 'ddl', tag: 'COMMENT' };
    case 'copy':
      return { kind: 'copy' };
    case 'explain':
      return { kind: 'explain', analyze: explainAnalyzes(tokens) };
    case 'describe':
    case 'desc':
      return second === 'model' ? { kind: 'sqlens', verb: 'describe-model' } : { kind: 'show-engine' };
    case 'summarize':
      return { kind: 'show-engine' };
    case 'show':
      return show(words);
    case 'set':
    case 'reset':
    case 'discard':
      return { kind: first };
    case 'begin':
    case 'start':
      return { kind: 'begin' };
    case 'commit':
    case 'end':
      return { kind: second === 'prepared' ? 'two-phase' : 'commit' };
    case 'rollback':
    case 'abort':
      if (second === 'prepared') return { kind: 'two-phase' };
      return { kind: words.slice(1, 3).includes('to') ? 'rollback-to' : 'rollback' };
    case 'savepoint':
    case 'release':
    case 'execute':
    case 'deallocate':
    case 'declare':
    case 'fetch':
    case 'move':
    case 'close':
    case 'listen':
    case 'unlisten':
    case 'notify':
    case 'lock':
      return { kind: first };
    case 'prepare':
      return { kind: second === 'transaction' && third !== 'as' ? 'two-phase' : 'prepare' };
    case 'vacuum':
    case 'analyze':
    case 'analyse':
    case 'reindex':
    case 'cluster':
      return { kind: 'upkeep' };
    default:
      if (QUERY_WORDS.has(first)) return { kind: 'query' };
      if (UNSUPPORTED.has(first)) return unsupported(words);
      if (REFUSED_WORDS.has(first)) return { kind: 'refused', what: first.toUpperCase() };
      // Not a statement we know: DuckDB says what is wrong with it, as a query that it cannot run otherwise.
      return { kind: 'query' };
  }
}

const ROLES_HINT = 'Users and what they may do belong to whoever starts the server: see --password-file.';

/** First words of what PostgreSQL has and the engine has not. */
const UNSUPPORTED: ReadonlyMap<string, string> = new Map([
  ['grant', ROLES_HINT],
  ['revoke', ROLES_HINT],
  ['reassign', ROLES_HINT],
  ['security', ROLES_HINT],
  ['do', 'There is no procedural language: send the statements one by one.'],
]);

/** Objects that CREATE, ALTER and DROP know in PostgreSQL and not here. */
const UNSUPPORTED_OBJECTS: ReadonlyMap<string, string> = new Map([
  ['role', ROLES_HINT],
  ['user', ROLES_HINT],
  ['group', ROLES_HINT],
  ['policy', ROLES_HINT],
  ['database', 'There is one database; a schema divides it.'],
  ['tablespace', 'The data directory is the only place for data.'],
  ['system', 'Settings of the server belong to whoever starts it.'],
  ['trigger', 'The engine has no triggers.'],
  ['rule', 'The engine has no rules.'],
  ['procedure', 'There is no procedural language.'],
  ['publication', 'The engine has no replication.'],
  ['subscription', 'The engine has no replication.'],
  ['materialized', 'Use CREATE TABLE … AS.'],
  ['extension', 'Extensions belong to whoever starts the server.'],
  ['default', ROLES_HINT],
]);

/** Commands that PostgreSQL runs only outside of a transaction. */
const ALONE = /^(CREATE|DROP) (DATABASE|TABLESPACE|SUBSCRIPTION)$|^ALTER SYSTEM$/;

function unsupported(words: readonly string[]): StatementKind {
  const [first = '', second = ''] = words;
  const hint = UNSUPPORTED.get(first) ?? UNSUPPORTED_OBJECTS.get(second) ?? '';
  const object =
    second === 'materialized' ? 'materialized view' : second === 'default' ? 'default privileges' : second;
  const what =
    first === 'security'
      ? 'SECURITY LABEL'
      : first === 'reassign'
        ? 'REASSIGN OWNED'
        : UNSUPPORTED.has(first)
          ? first.toUpperCase()
          : `${first} ${object}`.toUpperCase();
  return {
    kind: 'unsupported',
    what,
    hint,
    writes: first !== 'do',
    alone: ALONE.test(what),
  };
}

/** What a query may begin with; EXPLAIN ( may be followed by one, or by options. */
const QUERY_STARTS = new Set([...QUERY_WORDS, 'with', 'describe', 'desc', 'summarize', 'show']);

/** Index of the statement that an EXPLAIN explains: behind EXPLAIN, ANALYZE and its options. */
function explainedFrom(tokens: readonly Token[]): number {
  let at = 1;
  const first = tokens[2];
  const isQuery = first?.kind === 'word' ? QUERY_STARTS.has(first.value) : first?.value === '(';
  if (tokens[1]?.value === '(' && !isQuery) at = behindBracket(tokens, 1);
  while (/^(analy[sz]e|verbose)$/.test(tokens[at]?.value ?? '')) at++;
  return at;
}

export function explainedTokens(tokens: readonly Token[]): readonly Token[] {
  return tokens.slice(explainedFrom(tokens));
}

function explainAnalyzes(tokens: readonly Token[]): boolean {
  return tokens.slice(1, explainedFrom(tokens)).some((token) => /^analy[sz]e$/i.test(token.value));
}

/** The verb behind WITH … AS (…), …: the first top-level word after a closing parenthesis that is no part of a CTE. */
function afterWith(tokens: readonly Token[]): StatementKind {
  let depth = 0;
  for (const [at, token] of tokens.entries()) {
    if (token.kind === 'operator' && token.value === '(') depth++;
    if (token.kind === 'operator' && token.value === ')') depth--;
    if (depth !== 0 || token.kind !== 'word' || tokens[at - 1]?.value !== ')') continue;
    if (token.value === 'as' || token.value === 'using') continue;
    return classify(tokens.slice(at));
  }
  return { kind: 'query' };
}

function intoTable(tokens: readonly Token[]): StatementKind {
  let depth = 0;
  for (const token of tokens) {
    if (token.kind === 'operator' && token.value === '(') depth++;
    if (token.kind === 'operator' && token.value === ')') depth--;
    if (depth === 0 && token.kind === 'word') {
      if (token.value === 'from') break;
      if (token.value === 'into') return { kind: 'create-table-as' };
    }
  }
  return { kind: 'query' };
}

const CREATE_MODIFIERS = new Set(['or', 'replace', 'temp', 'temporary', 'unique', 'persistent', 'unlogged']);

function create(tokens: readonly Token[], words: readonly string[]): StatementKind {
  const object = words.slice(1).find((word) => !CREATE_MODIFIERS.has(word)) ?? '';
  switch (object) {
    case 'model':
      return { kind: 'sqlens', verb: 'create-model' };
    case 'external':
      return { kind: 'sqlens', verb: 'create-image-table' };
    case 'table':
      return isTableAs(tokens) ? { kind: 'create-table-as' } : { kind: 'ddl', tag: 'CREATE TABLE' };
    case 'view':
    case 'schema':
    case 'type':
    case 'sequence':
    case 'index':
      return { kind: 'ddl', tag: `CREATE ${object.toUpperCase()}` };
    case 'macro':
    case 'function':
      return { kind: 'ddl', tag: 'CREATE FUNCTION' };
    default:
      return { kind: 'refused', what: `CREATE ${object.toUpperCase()}` };
  }
}

function isTableAs(tokens: readonly Token[]): boolean {
  let depth = 0;
  for (const token of tokens) {
    if (token.kind === 'operator' && token.value === '(') depth++;
    if (token.kind === 'operator' && token.value === ')') depth--;
    if (depth === 0 && token.kind === 'word' && token.value === 'as') return true;
  }
  return false;
}

const ALTERABLE = new Set(['table', 'view', 'schema', 'type', 'sequence', 'index']);
const DROPPABLE = new Set(['table', 'view', 'schema', 'type', 'sequence', 'index', 'macro', 'function']);

function drop(words: readonly string[]): StatementKind {
  const object = words[1] === 'foreign' ? 'external' : (words[1] ?? '');
  if (object === 'model') return { kind: 'sqlens', verb: 'drop-model' };
  if (object === 'external') return { kind: 'sqlens', verb: 'drop-image-table' };
  if (!DROPPABLE.has(object)) return { kind: 'refused', what: `DROP ${object.toUpperCase()}` };
  return { kind: 'ddl', tag: `DROP ${object === 'macro' ? 'FUNCTION' : object.toUpperCase()}` };
}

const ENGINE_SHOWS = new Set(['tables', 'databases', 'schemas', 'columns']);

function show(words: readonly string[]): StatementKind {
  const what = words[1] ?? '';
  if (what === 'named' && words[2] === 'models') return { kind: 'sqlens', verb: 'show-named-models' };
  if (what === 'models') return { kind: 'sqlens', verb: 'show-models' };
  if (what === 'model' && words[2] === 'versions') return { kind: 'sqlens', verb: 'show-model-versions' };
  if (ENGINE_SHOWS.has(what) || (what === 'all' && words[2] === 'tables')) return { kind: 'show-engine' };
  return { kind: 'show' };
}
