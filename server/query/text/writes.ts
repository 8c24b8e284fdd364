/**
 * Statements that write ask before they write: by SELECTs that evaluate the same expressions over the same rows.
 * Only the last pass is the statement itself. What such a SELECT cannot reach is refused, not guessed.
 */
import { behindBracket, findWord, readName, splitAtCommas, textBetween } from './clauses.ts';
import type { StatementKind } from './statements.ts';
import type { Token } from './tokens.ts';

export interface WriteTarget {
  /** Qualified name, without alias. */
  readonly parts: readonly string[];
}

/** The table that a statement writes to, when its text names one. */
export function writeTarget(tokens: readonly Token[], kind: StatementKind['kind']): WriteTarget | undefined {
  const verb =
    kind === 'copy'
      ? 0
      : findWord(tokens, 0, 'insert', 'update', 'delete', 'merge', 'truncate', 'alter', 'create');
  if (verb < 0) return undefined;
  let at = verb + 1;
  const skip = new Set([
    'or',
    'replace',
    'ignore',
    'into',
    'from',
    'only',
    'table',
    'if',
    'exists',
    'not',
    'temp',
    'temporary',
  ]);
  while (tokens[at]?.kind === 'word' && skip.has(tokens[at]?.value ?? '')) at++;
  const { parts } = readName(tokens, at);
  return parts.length === 0 ? undefined : { parts };
}

/**
 * The SELECTs by which a writing statement asks; empty when it evaluates nothing (COPY table TO).
 */
export function askingSelects(sql: string, tokens: readonly Token[], kind: StatementKind['kind']): string[] {
  switch (kind) {
    case 'create-table-as':
      return ofCreateTableAs(sql, tokens);
    case 'insert':
      return ofInsert(sql, tokens);
    case 'update':
      return ofUpdate(sql, tokens);
    case 'delete':
      return ofDelete(sql, tokens);
    case 'merge':
      return ofMerge(sql, tokens);
    case 'copy':
      return ofCopy(sql, tokens);
    default:
      return [];
  }
}

function ofCreateTableAs(sql: string, tokens: readonly Token[]): string[] {
  const as = findWord(tokens, 0, 'as');
  let end = tokens.length;
  const tail = tokens.slice(-3).map((token) => token.value);
  if (tail.join(' ') === 'with no data') return [];
  if (tail.slice(-2).join(' ') === 'with data') end -= 2;
  return [textBetween(sql, tokens, as + 1, end)];
}

function ofCopy(sql: string, tokens: readonly Token[]): string[] {
  if (tokens[1]?.value !== '(') return [];
  const end = behindBracket(tokens, 1);
  return [textBetween(sql, tokens, 2, end - 1)];
}

/** WITH … in front of the verb, to put in front of the SELECT. */
function withClause(sql: string, tokens: readonly Token[], verb: number): string {
  return verb > 0 ? `${textBetween(sql, tokens, 0, verb)} ` : '';
}

const QUERY_STARTS = new Set(['select', 'values', 'with', 'from', 'table']);

function ofInsert(sql: string, tokens: readonly Token[]): string[] {
  const verb = findWord(tokens, 0, 'insert');
  const ctes = withClause(sql, tokens, verb);
  const into = findWord(tokens, verb, 'into');
  const target = readName(tokens, into + 1);
  const targetText = textBetween(sql, tokens, into + 1, target.end);
  let at = target.end;
  let alias = targetText;
  if (tokens[at]?.value === 'as') {
    alias = tokens[at + 1]?.text ?? alias;
    at += 2;
  }
  let columns = '*';
  const inside = tokens[at + 1];
  const isQuery = inside?.kind === 'word' && QUERY_STARTS.has(inside.value);
  if (tokens[at]?.value === '(' && !isQuery && inside?.value !== '(') {
    const end = behindBracket(tokens, at);
    columns = textBetween(sql, tokens, at + 1, end - 1);
    at = end;
  }
  if (tokens[at]?.value === 'by') at += 2;
  const conflict = findConflict(tokens, at);
  const returning = findWord(tokens, at, 'returning');
  const stops = [conflict, returning].filter((index) => index >= 0);
  const end = stops.length === 0 ? tokens.length : Math.min(...stops);
  const source = withoutDefaults(sql, tokens, at, end);
  if (source === '' || tokens[at]?.value === 'default') return [];
  const selects = [`${ctes}${source}`];
  if (returning >= 0) {
    const list = textBetween(sql, tokens, returning + 1, -1);
    const rows = `SELECT ${columns} FROM ${targetText} WHERE FALSE UNION ALL (${source})`;
    const name = alias.slice(alias.lastIndexOf('.') + 1);
    selects.push(`${ctes}SELECT ${list} FROM (${rows}) AS ${name}`);
  }
  return selects;
}

function findConflict(tokens: readonly Token[], from: number): number {
  for (let at = findWord(tokens, from, 'on'); at >= 0; at = findWord(tokens, at + 1, 'on')) {
    if (tokens[at + 1]?.value === 'conflict') return at;
  }
  return -1;
}

/** VALUES (DEFAULT, …) is no query: DEFAULT stands for a constant that no model sees. */
function withoutDefaults(sql: string, tokens: readonly Token[], from: number, to: number): string {
  let text = '';
  let copied = tokens[from]?.start ?? sql.length;
  for (let at = from; at < to; at++) {
    const token = tokens[at];
    if (token === undefined) break;
    const before = tokens[at - 1]?.value;
    const after = tokens[at + 1]?.value;
    const isDefault = token.kind === 'word' && token.value === 'default';
    if (isDefault && (before === '(' || before === ',') && (after === ')' || after === ',')) {
      text += `${sql.slice(copied, token.start)}NULL`;
      copied = token.end;
    }
  }
  const end = tokens[to - 1]?.end ?? copied;
  return text + sql.slice(copied, Math.max(copied, end));
}

function ofUpdate(sql: string, tokens: readonly Token[]): string[] {
  const verb = findWord(tokens, 0, 'update');
  const set = findWord(tokens, verb, 'set');
  const from = findWord(tokens, set, 'from');
  const where = findWord(tokens, set, 'where');
  const returning = findWord(tokens, set, 'returning');
  const end = firstOf(from, where, returning, tokens.length);
  const expressions = assignedExpressions(sql, tokens, set + 1, end);
  if (returning >= 0) expressions.push(textBetween(sql, tokens, returning + 1, -1));
  const target = textBetween(sql, tokens, verb + 1, set);
  const others =
    from < 0 ? '' : `, ${textBetween(sql, tokens, from + 1, firstOf(where, returning, tokens.length))}`;
  const filter =
    where < 0 ? '' : ` WHERE ${textBetween(sql, tokens, where + 1, firstOf(returning, tokens.length))}`;
  return [
    `${withClause(sql, tokens, verb)}SELECT ${expressions.join(', ')} FROM ${target}${others}${filter}`,
  ];
}

function ofDelete(sql: string, tokens: readonly Token[]): string[] {
  const verb = findWord(tokens, 0, 'delete');
  const using = findWord(tokens, verb, 'using');
  const where = findWord(tokens, verb, 'where');
  const returning = findWord(tokens, verb, 'returning');
  const target = textBetween(sql, tokens, verb + 2, firstOf(using, where, returning, tokens.length));
  const others =
    using < 0 ? '' : `, ${textBetween(sql, tokens, using + 1, firstOf(where, returning, tokens.length))}`;
  const filter =
    where < 0 ? '' : ` WHERE ${textBetween(sql, tokens, where + 1, firstOf(returning, tokens.length))}`;
  const list = returning < 0 ? '1' : textBetween(sql, tokens, returning + 1, -1);
  return [`${withClause(sql, tokens, verb)}SELECT ${list} FROM ${target}${others}${filter}`];
}

/** MERGE evaluates its expressions over matched and unmatched rows: a full join has them all. */
function ofMerge(sql: string, tokens: readonly Token[]): string[] {
  const verb = findWord(tokens, 0, 'merge');
  const using = findWord(tokens, verb, 'using');
  const firstWhen = findWord(tokens, using, 'when');
  // ON condition, or USING (columns).
  const on = findWord(tokens, using + 1, 'on', 'using');
  const returning = findWord(tokens, firstWhen, 'returning');
  const expressions: string[] = [];
  for (let when = firstWhen; when >= 0; ) {
    const next = findWord(tokens, when + 1, 'when');
    const end = firstOf(next, returning, tokens.length);
    const then = findWord(tokens, when, 'then');
    const and = findWord(tokens, when, 'and');
    if (and >= 0 && and < then) expressions.push(textBetween(sql, tokens, and + 1, then));
    const set = findWord(tokens, then, 'set');
    if (set >= 0 && set < end) expressions.push(...assignedExpressions(sql, tokens, set + 1, end));
    const values = findWord(tokens, then, 'values');
    if (values >= 0 && values < end) {
      const close = behindBracket(tokens, values + 1);
      for (const [from, to] of splitAtCommas(tokens, values + 2, close - 1)) {
        expressions.push(textBetween(sql, tokens, from, to));
      }
    }
    when = next;
  }
  const target = textBetween(sql, tokens, findWord(tokens, verb, 'into') + 1, using);
  const source = textBetween(sql, tokens, using + 1, on);
  const condition = textBetween(sql, tokens, on, firstWhen);
  const list = expressions.length === 0 ? '1' : expressions.join(', ');
  return [`${withClause(sql, tokens, verb)}SELECT ${list} FROM ${target} FULL JOIN ${source} ${condition}`];
}

/** The right sides of `a = e, (b, c) = (f, g)`. */
function assignedExpressions(sql: string, tokens: readonly Token[], from: number, to: number): string[] {
  return splitAtCommas(tokens, from, to).flatMap(([start, end]) => {
    let equals = start;
    while (equals < end && tokens[equals]?.value !== '=') equals++;
    const text = textBetween(sql, tokens, equals + 1, end);
    return text === '' || text.toLowerCase() === 'default' ? [] : [text];
  });
}

function firstOf(...indexes: number[]): number {
  return Math.min(...indexes.filter((index) => index >= 0));
}
