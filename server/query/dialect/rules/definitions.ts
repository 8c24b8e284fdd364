/** CREATE TABLE, CREATE INDEX, TRUNCATE, DROP and TABLESAMPLE as PostgreSQL writes them. */
import { behindBracket, readName, splitAtCommas } from '../../text/clauses.ts';
import { quoteIdentifier, quoteLiteral, type Token } from '../../text/tokens.ts';
import { foldedName } from '../column-names.ts';
import type { Edits } from '../edits.ts';
import { isOperator } from '../operands.ts';
import type { Rule } from '../rule.ts';
import { isWord } from '../select-lists.ts';

export const definitions: Rule = {
  name: 'definitions',
  needs: ['create', 'truncate', 'drop', 'tablesample'],
  apply({ tokens, statement }, edits) {
    for (const [at, token] of tokens.entries()) {
      if (isWord(token, 'tablesample')) percentage(tokens, at, edits);
    }
    if (statement.kind !== 'ddl') return;
    switch (statement.tag) {
      case 'CREATE TABLE':
        createTable(tokens, edits);
        break;
      case 'CREATE INDEX':
        createIndex(tokens, edits);
        break;
      case 'TRUNCATE TABLE':
        eachByItself(tokens, isWord(tokens[1], 'table') ? 2 : 1, 'TRUNCATE TABLE', '', edits);
        break;
      default:
        if (/^DROP (TABLE|VIEW|SEQUENCE|INDEX|SCHEMA|TYPE)$/.test(statement.tag))
          dropEach(tokens, statement.tag, edits);
    }
  },
};

/** `BERNOULLI (50)` means percent. */
function percentage(tokens: readonly Token[], at: number, edits: Edits): void {
  const method = tokens[at + 1];
  const size = tokens[at + 3];
  if (method?.kind !== 'word' || !/^(bernoulli|system)$/.test(method.value)) return;
  if (size?.kind === 'number' && isOperator(tokens[at + 4], ')')) edits.insertAfter(size, '%');
}

const SERIALS = /^(smallserial|serial2|serial|serial4|bigserial|serial8)$/;

function createTable(tokens: readonly Token[], edits: Edits): void {
  const first = tokens[0];
  const word = tokens.findIndex((token) => isWord(token, 'table'));
  const unlogged = tokens.slice(0, word).find((token) => isWord(token, 'unlogged'));
  if (unlogged !== undefined) edits.remove(unlogged);
  let at = word + 1;
  const isConditional = isWord(tokens[at], 'if');
  if (isConditional) at += 3;
  const name = readName(tokens, at);
  if (first === undefined || word < 0 || !isOperator(tokens[name.end], '(')) return;
  const close = behindBracket(tokens, name.end) - 1;
  const columns = splitAtCommas(tokens, name.end + 1, close);
  const [only] = columns;
  if (columns.length === 1 && only !== undefined && isWord(tokens[only[0]], 'like')) {
    like(tokens, name.end, close, only, edits);
    return;
  }
  for (const column of columns) defineColumn(tokens, column, name.parts, isConditional, first, edits);
}

/** `(LIKE t …)`: columns and types. */
function like(
  tokens: readonly Token[],
  open: number,
  close: number,
  [from]: readonly [number, number],
  edits: Edits,
): void {
  const source = readName(tokens, from + 1);
  const first = tokens[open];
  const last = tokens[close];
  if (first === undefined || last === undefined) return;
  edits.replace(first, `AS SELECT * FROM ${source.parts.map(quoteIdentifier).join('.')} with no data`, last);
}

/** A serial or identity column is one with a sequence of its own as its default. */
function defineColumn(
  tokens: readonly Token[],
  [from, to]: readonly [number, number],
  table: readonly string[],
  isConditional: boolean,
  statement: Token,
  edits: Edits,
): void {
  const column = tokens[from];
  const type = tokens[from + 1];
  if (column === undefined || type === undefined) return;
  let isIdentity = false;
  for (let at = from; at < to; at++) {
    const token = tokens[at];
    if (token === undefined) continue;
    if (isWord(token, 'stored') && isOperator(tokens[at - 1], ')')) edits.remove(token);
    if (!isWord(token, 'generated')) continue;
    const behind = isWord(tokens[at + 1], 'always') ? at + 2 : at + 3;
    if (!isWord(tokens[behind], 'as') || !isWord(tokens[behind + 1], 'identity')) continue;
    const end = isOperator(tokens[behind + 2], '(') ? behindBracket(tokens, behind + 2) : behind + 2;
    const last = tokens[end - 1];
    if (last === undefined) continue;
    isIdentity = true;
    edits.replace(token, `DEFAULT nextval(${sequenceOf(table, column).literal}) NOT NULL`, last);
  }
  const isSerial = type.kind === 'word' && SERIALS.test(type.value);
  if (!isSerial && !isIdentity) return;
  const { name, literal } = sequenceOf(table, column);
  const create = isConditional ? 'CREATE SEQUENCE IF NOT EXISTS' : 'CREATE OR REPLACE SEQUENCE';
  edits.insertBefore(statement, `${create} ${name};\n`);
  if (isSerial) edits.insertAfter(type, ` DEFAULT nextval(${literal}) NOT NULL`);
}

function sequenceOf(table: readonly string[], column: Token): { name: string; literal: string } {
  const sequence = `${(table.at(-1) ?? '').toLowerCase()}_${foldedName(column)}_seq`;
  const name = [...table.slice(0, -1), sequence].map(quoteIdentifier).join('.');
  return { name, literal: quoteLiteral(name) };
}

/** An index without a name gets PostgreSQL's; its method is DuckDB's only one. */
function createIndex(tokens: readonly Token[], edits: Edits): void {
  const on = tokens.findIndex((token) => isWord(token, 'on'));
  const before = tokens[on - 1];
  const target = tokens[on];
  if (on < 0 || before === undefined || target === undefined) return;
  const table = readName(tokens, on + 1);
  const using = isWord(tokens[table.end], 'using') ? tokens[table.end] : undefined;
  const method = tokens[table.end + 1];
  if (using !== undefined && method !== undefined && /^(btree|hash)$/.test(method.value))
    edits.remove(using, method);
  const open = using === undefined ? table.end : table.end + 2;
  if (!isWord(before, 'index') && !isWord(before, 'concurrently')) return;
  const columns = splitAtCommas(tokens, open + 1, behindBracket(tokens, open) - 1).map(([from]) => {
    const column = tokens[from];
    return column?.kind === 'word' || column?.kind === 'quoted' ? foldedName(column) : 'expr';
  });
  const name = [table.parts.at(-1)?.toLowerCase() ?? '', ...columns, 'idx'].join('_');
  edits.insertBefore(target, `${quoteIdentifier(name)} `);
}

/** `TRUNCATE a, b`: DuckDB takes one at a time, and neither RESTART IDENTITY nor CASCADE. */
function eachByItself(
  tokens: readonly Token[],
  from: number,
  verb: string,
  suffix: string,
  edits: Edits,
): void {
  const first = tokens[0];
  const last = tokens.at(-1);
  let end = from;
  const names: string[] = [];
  for (;;) {
    if (isWord(tokens[end], 'only')) end++;
    const name = readName(tokens, end);
    if (name.parts.length === 0) return;
    names.push(name.parts.map(quoteIdentifier).join('.'));
    end = name.end;
    if (isOperator(tokens[end], '*')) end++;
    if (!isOperator(tokens[end], ',')) break;
    end++;
  }
  if (first === undefined || last === undefined || (names.length === 1 && end >= tokens.length)) return;
  edits.replace(first, names.map((name) => `${verb} ${name}${suffix}`).join(';\n'), last);
}

function dropEach(tokens: readonly Token[], tag: string, edits: Edits): void {
  let from = 2;
  const isConditional = isWord(tokens[from], 'if');
  if (isConditional) from += 2;
  if (!tokens.some((token) => isOperator(token, ','))) return;
  const last = tokens.at(-1);
  const suffix = isWord(last, 'cascade') ? ' CASCADE' : '';
  eachByItself(tokens, from, `${tag}${isConditional ? ' IF EXISTS' : ''}`, suffix, edits);
}
