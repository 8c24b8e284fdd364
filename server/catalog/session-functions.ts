/**
 * Functions that tell about the server or the session, which DuckDB has not or answers for itself (`version()` is
 * DuckDB's, `current_user` is always duckdb): each call is written as the value it has in this session.
 */
import { quoteIdentifier, quoteLiteral, type Token, tokenize } from '../query/tokens.ts';
import { type CatalogSession, DATABASE, SERVER_VERSION } from './session.ts';

/** The value of a call as SQL; undefined when the call is not ours to answer. */
type Value = (session: CatalogSession, parameters: readonly string[]) => string | undefined;

/** A function without parameters. */
const constant =
  (value: (session: CatalogSession) => string): Value =>
  (session, parameters) =>
    parameters.length === 0 ? value(session) : undefined;

const FUNCTIONS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['version', constant(() => quoteLiteral(`PostgreSQL ${SERVER_VERSION} (SQLens)`))],
  ['current_database', constant(() => quoteLiteral(DATABASE))],
  ['pg_backend_pid', constant((session) => `${session.processId}::INTEGER`)],
  ['pg_is_in_recovery', constant(() => 'false')],
  ['pg_client_encoding', constant(() => "'UTF8'")],
  ['getdatabaseencoding', constant(() => "'UTF8'")],
  ['pg_encoding_to_char', (_, [encoding]) => (encoding === '6' ? "'UTF8'" : "''")],
  // No session ever holds one.
  ['pg_advisory_unlock_all', constant(() => "''")],
  ['current_setting', currentSetting],
  ['set_config', setConfig],
]);

/** Keywords that are called without parentheses. */
const KEYWORDS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['current_user', (session) => quoteLiteral(session.user)],
  ['session_user', (session) => quoteLiteral(session.user)],
  ['current_role', (session) => quoteLiteral(session.user)],
  ['current_catalog', () => quoteLiteral(DATABASE)],
]);

function currentSetting(session: CatalogSession, [name, missingOk]: readonly string[]): string | undefined {
  const value = name === undefined ? undefined : session.setting(name);
  if (value !== undefined) return quoteLiteral(value);
  return missingOk === 'true' ? 'NULL::VARCHAR' : undefined;
}

/** Clients clear the search path when they connect; names are found by SQLens' own all the same. */
function setConfig(_: CatalogSession, [name, value]: readonly string[]): string | undefined {
  return name === 'search_path' && value !== undefined ? quoteLiteral(value) : undefined;
}

const STATEMENTS = new Set(['select', 'with', 'values', 'insert', 'update', 'delete']);
const MENTIONED = new RegExp(`\\b(${[...FUNCTIONS.keys(), ...KEYWORDS.keys()].join('|')})\\b`, 'i');

interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * @returns the statement with those calls answered, under the column names PostgreSQL gives them; undefined when it
 * has none, or is not a statement that only uses their values (a view or a default keeps the call itself)
 */
export function answerSessionFunctions(sql: string, session: CatalogSession): string | undefined {
  if (!MENTIONED.test(sql)) return undefined;
  let tokens: readonly Token[];
  try {
    tokens = tokenize(sql);
  } catch {
    return undefined;
  }
  if (!STATEMENTS.has(tokens[0]?.value ?? '')) return undefined;
  const replacements: Replacement[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const replacement = replacementAt(tokens, at, session);
    if (replacement !== undefined) replacements.push(replacement);
  }
  if (replacements.length === 0) return undefined;
  let answered = '';
  let copied = 0;
  for (const { start, end, text } of replacements) {
    answered += sql.slice(copied, start) + text;
    copied = end;
  }
  return answered + sql.slice(copied);
}

function replacementAt(
  tokens: readonly Token[],
  at: number,
  session: CatalogSession,
): Replacement | undefined {
  const token = tokens[at];
  if (token?.kind !== 'word') return undefined;
  const qualified = tokens[at - 1]?.value === '.';
  if (qualified && tokens[at - 2]?.value !== 'pg_catalog') return undefined;
  const first = qualified ? at - 2 : at;
  const call = callAt(tokens, at, session);
  const start = tokens[first]?.start;
  const last = call === undefined ? undefined : tokens[call.lastIndex];
  if (call === undefined || start === undefined || last === undefined) return undefined;
  const before = tokens[first - 1]?.value;
  const after = tokens[call.lastIndex + 1];
  if (before === 'as') return undefined;
  const named = `${call.value} AS ${quoteIdentifier(token.value)}`;
  const isListed = isInSelectList(tokens, first);
  const isWholeItem =
    isListed &&
    (before === 'select' || before === ',') &&
    (after === undefined || after.value === ',' || after.value === ';' || after.value === 'from');
  if (isWholeItem) return { start, end: last.end, text: named };
  // In FROM a bare string would be a file to read; a subquery is right there and everywhere else.
  const mayBeSource = before === 'from' || before === 'join' || before === ',';
  return { start, end: last.end, text: mayBeSource ? `(SELECT ${named})` : call.value };
}

function callAt(
  tokens: readonly Token[],
  at: number,
  session: CatalogSession,
): { readonly value: string; readonly lastIndex: number } | undefined {
  const name = tokens[at]?.value ?? '';
  const next = tokens[at + 1];
  const isCall = next?.kind === 'operator' && next.value === '(';
  const known = isCall ? FUNCTIONS.get(name) : KEYWORDS.get(name);
  if (known === undefined || next?.value === '.') return undefined;
  if (!isCall) {
    const value = known(session, []);
    return value === undefined ? undefined : { value, lastIndex: at };
  }
  // Only constant parameters: anything else is left to DuckDB, which says that it has no such function.
  const close = tokens.findIndex(
    (token, index) => index > at && token.kind === 'operator' && token.value === ')',
  );
  const inside = close < 0 ? undefined : tokens.slice(at + 2, close);
  if (inside === undefined || inside.some((token, index) => !isParameter(token, index))) return undefined;
  const parameters = inside.filter((_, index) => index % 2 === 0).map((token) => token.value);
  const value = known(session, parameters);
  return value === undefined ? undefined : { value, lastIndex: close };
}

function isParameter(token: Token, index: number): boolean {
  if (index % 2 === 1) return token.value === ',' && token.kind === 'operator';
  return (
    token.kind === 'string' || token.kind === 'number' || token.value === 'true' || token.value === 'false'
  );
}

/** Whether a token stands in the outermost select list, where an entry may be given a name. */
function isInSelectList(tokens: readonly Token[], at: number): boolean {
  if (tokens[0]?.value !== 'select') return false;
  let depth = 0;
  for (const token of tokens.slice(0, at)) {
    if (token.kind === 'operator' && token.value === '(') depth++;
    if (token.kind === 'operator' && token.value === ')') depth--;
    if (depth === 0 && token.kind === 'word' && token.value === 'from') return false;
  }
  return depth === 0;
}
