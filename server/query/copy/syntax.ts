/** COPY as it is typed: PostgreSQL's grammar, with the options in brackets and in the older form without. */
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { Cursor } from '../ddl/cursor.ts';
import { behindBracket, findWord, readName } from '../text/clauses.ts';
import type { Token } from '../text/tokens.ts';
import { type CheckedOptions, checkOptions, type GivenOption, type OptionArgument } from './options.ts';

export type CopySource =
  /** Where the text of the query begins in the statement. */
  | { readonly kind: 'query'; readonly text: string; readonly offset: number }
  | {
      readonly kind: 'table';
      readonly parts: readonly string[];
      /** As it was typed. */
      readonly text: string;
      readonly columns: readonly string[] | undefined;
    };

/** COPY between a relation and the client. */
export interface ClientCopy {
  readonly direction: 'from' | 'to';
  readonly source: CopySource;
  readonly options: CheckedOptions;
  /** The condition behind WHERE. */
  readonly where: { readonly text: string; readonly offset: number } | undefined;
}

/**
 * @returns undefined for COPY to or from a file of the server, which is the engine's
 * @throws SqlensError 42601 for what is no COPY, 0A000 for PROGRAM, and what the options are refused with
 */
export function readClientCopy(sql: string, tokens: readonly Token[]): ClientCopy | undefined {
  const direction = directionAt(tokens);
  const target = tokens[direction + 1];
  if (direction < 0 || target === undefined) throw endOfInput(sql, tokens);
  if (target.kind === 'word' && target.value === 'program') throw program(target);
  if (target.kind !== 'word' || !/^std(in|out)$/.test(target.value)) return undefined;
  const cursor = new Cursor(tokens);
  cursor.expect('copy');
  const given: GivenOption[] = [];
  const first = cursor.peek();
  if (first?.value === 'binary' && tokens[2]?.kind !== 'operator' && tokens[2]?.value !== 'from') {
    cursor.expect('binary');
    given.push(formatOption('binary', first));
  }
  const source = readSource(sql, tokens, cursor);
  const isFrom = cursor.accept('from');
  if (!isFrom) cursor.expect('to');
  if (source.kind === 'query' && isFrom) throw nearToken(tokens[direction]);
  cursor.name('STDIN or STDOUT');
  const delimiters = cursor.peek();
  if (cursor.accept('using', 'delimiters') || cursor.accept('delimiters')) {
    given.push(option('delimiter', text(cursor.string('a delimiter').value), delimiters));
  }
  cursor.accept('with');
  if (cursor.peek()?.value === '(') given.push(...bracketedOptions(cursor));
  else given.push(...plainOptions(cursor));
  const where = readWhere(sql, tokens, cursor, isFrom);
  if (where === undefined) cursor.expectEnd();
  return {
    direction: isFrom ? 'from' : 'to',
    source,
    options: checkOptions(given, isFrom ? 'from' : 'to'),
    where,
  };
}

/** The index of FROM or TO, behind the relation. */
function directionAt(tokens: readonly Token[]): number {
  const isQuery = tokens[1]?.kind === 'operator' && tokens[1].value === '(';
  return findWord(tokens, isQuery ? behindBracket(tokens, 1) : 1, 'from', 'to');
}

function readSource(sql: string, tokens: readonly Token[], cursor: Cursor): CopySource {
  const open = cursor.peek();
  if (open?.kind === 'operator' && cursor.accept('(')) {
    const end = behindBracket(tokens, 1);
    const first = tokens[2];
    const last = tokens[end - 2];
    if (first === undefined || last === undefined || end <= 3) throw cursor.unexpected('a query');
    cursor.skipTo(end);
    return { kind: 'query', text: sql.slice(first.start, last.end), offset: first.start };
  }
  const from = open === undefined ? -1 : tokens.indexOf(open);
  cursor.name('a table');
  const { parts, end } = readName(tokens, from);
  cursor.skipTo(end);
  const name = sql.slice(tokens[from]?.start, tokens[end - 1]?.end);
  const columns = cursor.peek()?.value === '(' ? readNames(cursor) : undefined;
  return { kind: 'table', parts, text: name, columns };
}

function readNames(cursor: Cursor): string[] {
  const names: string[] = [];
  cursor.expect('(');
  do names.push(cursor.name('a column').value);
  while (cursor.accept(','));
  cursor.expect(')');
  return names;
}

function bracketedOptions(cursor: Cursor): GivenOption[] {
  const options: GivenOption[] = [];
  cursor.expect('(');
  do {
    const { value: name, token } = cursor.name('the name of an option');
    options.push(option(name.toLowerCase(), bracketedArgument(cursor), token));
  } while (cursor.accept(','));
  cursor.expect(')');
  return options;
}

function bracketedArgument(cursor: Cursor): OptionArgument {
  const token = cursor.peek();
  if (token === undefined) throw cursor.unexpected('a value');
  if (token.kind === 'operator') {
    if (token.value === ',' || token.value === ')') return { kind: 'none' };
    if (token.value === '(') return { kind: 'names', names: readNames(cursor) };
    if (cursor.accept('*')) return { kind: 'all' };
    const sign = cursor.accept('-') ? '-' : '';
    if (sign === '' && !cursor.accept('+')) throw cursor.unexpected('a value');
    return text(sign + cursor.take().text);
  }
  return text(cursor.take().value);
}

/** The form without brackets, from before PostgreSQL 9.0. */
function plainOptions(cursor: Cursor): GivenOption[] {
  const options: GivenOption[] = [];
  for (;;) {
    const token = cursor.peek();
    if (token?.kind !== 'word') return options;
    switch (token.value) {
      case 'binary':
      case 'csv':
        cursor.take();
        options.push(formatOption(token.value, token));
        break;
      case 'header':
      case 'freeze':
        cursor.take();
        options.push(option(token.value, { kind: 'none' }, token));
        break;
      case 'delimiter':
      case 'null':
      case 'quote':
      case 'escape':
        cursor.take();
        cursor.accept('as');
        options.push(option(token.value, text(cursor.string('a string').value), token));
        break;
      case 'encoding':
        cursor.take();
        options.push(option('encoding', text(cursor.string('a string').value), token));
        break;
      case 'force':
        cursor.take();
        options.push(forceOption(cursor, token));
        break;
      default:
        return options;
    }
  }
}

function forceOption(cursor: Cursor, token: Token): GivenOption {
  if (cursor.accept('quote')) {
    const argument: OptionArgument = cursor.accept('*') ? { kind: 'all' } : plainNames(cursor);
    return option('force_quote', argument, token);
  }
  if (cursor.accept('not', 'null')) return option('force_not_null', plainNames(cursor), token);
  cursor.expect('null');
  return option('force_null', plainNames(cursor), token);
}

function plainNames(cursor: Cursor): OptionArgument {
  const names: string[] = [];
  do names.push(cursor.name('a column').value);
  while (cursor.accept(','));
  return { kind: 'names', names };
}

function readWhere(
  sql: string,
  tokens: readonly Token[],
  cursor: Cursor,
  isFrom: boolean,
): ClientCopy['where'] {
  const keyword = cursor.peek();
  if (keyword?.kind !== 'word' || !cursor.accept('where')) return undefined;
  const first = cursor.peek();
  const last = tokens.at(-1);
  if (first === undefined || last === undefined) throw cursor.unexpected('a condition');
  if (!isFrom) {
    throw new SqlensError({
      sqlState: SqlState.syntaxError,
      message: 'WHERE clause not allowed with COPY TO',
      hint: 'Try the COPY (SELECT ... WHERE ...) TO variant.',
      position: keyword.start + 1,
    });
  }
  return { text: sql.slice(first.start, last.end), offset: first.start };
}

function text(value: string): OptionArgument {
  return { kind: 'text', text: value };
}

function formatOption(format: string, token: Token): GivenOption {
  return option('format', text(format), token);
}

function option(name: string, argument: OptionArgument, token: Token | undefined): GivenOption {
  return { name, argument, position: (token?.start ?? 0) + 1 };
}

function endOfInput(sql: string, tokens: readonly Token[]): SqlensError {
  return new SqlensError({
    sqlState: SqlState.syntaxError,
    message: 'syntax error at end of input',
    hint: 'COPY needs TO or FROM, and STDOUT, STDIN or a file.',
    position: (tokens.at(-1)?.end ?? sql.length) + 1,
  });
}

function nearToken(token: Token | undefined): SqlensError {
  return new SqlensError({
    sqlState: SqlState.syntaxError,
    message: `syntax error at or near "${token?.text ?? ''}"`,
    hint: 'A query can only be copied TO; name a table to copy rows into it.',
    position: (token?.start ?? 0) + 1,
  });
}

function program(token: Token): SqlensError {
  return new SqlensError({
    sqlState: SqlState.insufficientPrivilege,
    message: 'permission denied to COPY to or from an external program',
    hint: 'Pipe the data through your client: psql has \\copy … from program, which runs on your side.',
    position: token.start + 1,
  });
}
