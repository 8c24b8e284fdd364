/**
 * The options of COPY, checked in PostgreSQL's order and with its messages (copy.c, ProcessCopyOptions; manual, COPY).
 * Knows nothing of where they stood in the statement: `syntax.ts` reads both spellings into the same list.
 */
import { SqlensError, SqlState } from '../../../common/errors.ts';

export type CopyEncoding = 'utf8' | 'latin1';

/** How COPY writes and reads rows; what was not said has PostgreSQL's default. */
export interface CopyOptions {
  readonly format: 'text' | 'csv' | 'binary';
  /** One byte each. */
  readonly delimiter: string;
  readonly quote: string;
  readonly escape: string;
  readonly null: string;
  /** `match`: COPY FROM compares the names with those of the columns. */
  readonly header: 'none' | 'names' | 'match';
  readonly encoding: CopyEncoding;
  /** By column. */
  readonly forceQuote: readonly boolean[];
  readonly forceNotNull: readonly boolean[];
  readonly forceNull: readonly boolean[];
}

export type OptionArgument =
  | { readonly kind: 'none' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'all' }
  | { readonly kind: 'names'; readonly names: readonly string[] };

export interface GivenOption {
  /** In lower case, as the list in brackets spells it. */
  readonly name: string;
  readonly argument: OptionArgument;
  /** 1-based, in the statement. */
  readonly position: number;
}

/** Options before the columns are known. */
export interface CheckedOptions extends Omit<CopyOptions, 'forceQuote' | 'forceNotNull' | 'forceNull'> {
  readonly forceQuote: OptionArgument;
  readonly forceNotNull: OptionArgument;
  readonly forceNull: OptionArgument;
}

const none: OptionArgument = { kind: 'none' };
const notDelimitersOfText = '\\.abcdefghijklmnopqrstuvwxyz0123456789';

/** @throws SqlensError 42601, 22023 or 0A000, as PostgreSQL words it */
export function checkOptions(given: readonly GivenOption[], direction: 'from' | 'to'): CheckedOptions {
  const byName = new Map<string, GivenOption>();
  for (const option of given) {
    checkName(option);
    if (byName.has(option.name)) {
      throw at(option, SqlState.syntaxError, 'conflicting or redundant options');
    }
    byName.set(option.name, option);
  }
  const format = formatOf(byName.get('format'));
  const header = headerOf(byName.get('header'), direction);
  booleanOf(byName.get('freeze'));
  const forceQuote = columnsOf(byName.get('force_quote'), true);
  const forceNotNull = columnsOf(byName.get('force_not_null'), false);
  const forceNull = columnsOf(byName.get('force_null'), false);
  const encoding = encodingOf(byName.get('encoding'));
  const text = (name: string) => textOf(byName.get(name));
  const isBinary = format === 'binary';
  const isCsv = format === 'csv';
  if (isBinary && byName.has('delimiter')) {
    throw refused(SqlState.syntaxError, 'cannot specify DELIMITER in BINARY mode');
  }
  if (isBinary && byName.has('null')) {
    throw refused(SqlState.syntaxError, 'cannot specify NULL in BINARY mode');
  }
  const delimiter = text('delimiter') ?? (isCsv ? ',' : '\t');
  const nullText = text('null') ?? (isCsv ? '' : '\\N');
  const quote = text('quote') ?? '"';
  const escapedBy = text('escape') ?? quote;
  if (Buffer.byteLength(delimiter) !== 1) {
    throw refused(SqlState.featureNotSupported, 'COPY delimiter must be a single one-byte character');
  }
  if (/[\r\n]/.test(delimiter)) {
    throw refused(SqlState.invalidParameterValue, 'COPY delimiter cannot be newline or carriage return');
  }
  if (/[\r\n]/.test(nullText)) {
    throw refused(
      SqlState.invalidParameterValue,
      'COPY null representation cannot use newline or carriage return',
    );
  }
  if (!isCsv && notDelimitersOfText.includes(delimiter)) {
    throw refused(SqlState.invalidParameterValue, `COPY delimiter cannot be "${delimiter}"`);
  }
  if (isBinary && header !== 'none') {
    throw refused(SqlState.featureNotSupported, 'cannot specify HEADER in BINARY mode');
  }
  if (!isCsv && byName.has('quote')) throw onlyInCsv('quote');
  if (isCsv && Buffer.byteLength(quote) !== 1) {
    throw refused(SqlState.featureNotSupported, 'COPY quote must be a single one-byte character');
  }
  if (isCsv && delimiter === quote) {
    throw refused(SqlState.invalidParameterValue, 'COPY delimiter and quote must be different');
  }
  if (!isCsv && byName.has('escape')) throw onlyInCsv('escape');
  if (isCsv && Buffer.byteLength(escapedBy) !== 1) {
    throw refused(SqlState.featureNotSupported, 'COPY escape must be a single one-byte character');
  }
  if (byName.has('force_quote')) {
    if (!isCsv) throw onlyInCsv('force quote');
    if (direction === 'from') throw onlyWhen('force quote', 'COPY TO');
  }
  if (byName.has('force_not_null')) {
    if (!isCsv) throw onlyInCsv('force not null');
    if (direction === 'to') throw onlyWhen('force not null', 'COPY FROM');
  }
  if (byName.has('force_null')) {
    if (!isCsv) throw onlyInCsv('force null');
    if (direction === 'to') throw onlyWhen('force null', 'COPY FROM');
  }
  if (nullText.includes(delimiter)) {
    throw refused(SqlState.featureNotSupported, 'COPY delimiter must not appear in the NULL specification');
  }
  if (isCsv && nullText.includes(quote)) {
    throw refused(
      SqlState.featureNotSupported,
      'CSV quote character must not appear in the NULL specification',
    );
  }
  return {
    format,
    delimiter,
    quote,
    escape: escapedBy,
    null: nullText,
    header,
    encoding,
    forceQuote,
    forceNotNull,
    forceNull,
  };
}

/**
 * The options of columns, by column.
 * @param columns names of the columns that are copied
 * @param isColumn whether the relation has a column of this name, copied or not
 * @throws SqlensError 42703, 42P10
 */
export function resolveOptions(
  checked: CheckedOptions,
  columns: readonly string[],
  isColumn: (name: string) => boolean,
  relation: string | undefined,
): CopyOptions {
  const flags = (argument: OptionArgument, option: string): boolean[] => {
    if (argument.kind === 'all') return columns.map(() => true);
    const names = argument.kind === 'names' ? argument.names : [];
    for (const name of names) {
      if (columns.some((column) => sameName(column, name))) continue;
      if (!isColumn(name)) throw unknownColumn(name, relation);
      throw refused(SqlState.invalidColumnReference, `${option} column "${name}" not referenced by COPY`);
    }
    return columns.map((column) => names.some((name) => sameName(column, name)));
  };
  return {
    ...checked,
    forceQuote: flags(checked.forceQuote, 'FORCE_QUOTE'),
    forceNotNull: flags(checked.forceNotNull, 'FORCE_NOT_NULL'),
    forceNull: flags(checked.forceNull, 'FORCE_NULL'),
  };
}

/** The engine knows names without regard to case. */
export function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

export function unknownColumn(name: string, relation: string | undefined): SqlensError {
  const ofRelation = relation === undefined ? '' : ` of relation "${relation}"`;
  return refused(SqlState.undefinedColumn, `column "${name}"${ofRelation} does not exist`);
}

const known = new Set([
  'format',
  'freeze',
  'delimiter',
  'null',
  'header',
  'quote',
  'escape',
  'force_quote',
  'force_not_null',
  'force_null',
  'encoding',
]);

function checkName(option: GivenOption): void {
  if (known.has(option.name)) return;
  throw at(option, SqlState.syntaxError, `option "${option.name}" not recognized`);
}

function formatOf(option: GivenOption | undefined): CopyOptions['format'] {
  if (option === undefined) return 'text';
  const format = textOf(option);
  if (format === 'text' || format === 'csv' || format === 'binary') return format;
  throw at(option, SqlState.invalidParameterValue, `COPY format "${format}" not recognized`);
}

function headerOf(option: GivenOption | undefined, direction: 'from' | 'to'): CopyOptions['header'] {
  if (option === undefined) return 'none';
  const { argument } = option;
  if (argument.kind === 'none') return 'names';
  const word = argument.kind === 'text' ? argument.text.toLowerCase() : '';
  if (word === 'match') {
    if (direction === 'from') return 'match';
    throw refused(SqlState.featureNotSupported, 'cannot use "match" with HEADER in COPY TO');
  }
  const isOn = booleanWord(word);
  if (isOn !== undefined) return isOn ? 'names' : 'none';
  throw refused(SqlState.syntaxError, 'header requires a Boolean value or "match"');
}

function booleanOf(option: GivenOption | undefined): void {
  if (option === undefined || option.argument.kind === 'none') return;
  const word = option.argument.kind === 'text' ? option.argument.text.toLowerCase() : '';
  if (booleanWord(word) === undefined) {
    throw refused(SqlState.syntaxError, `${option.name} requires a Boolean value`);
  }
}

function booleanWord(word: string): boolean | undefined {
  if (word === 'true' || word === 'on' || word === '1') return true;
  return word === 'false' || word === 'off' || word === '0' ? false : undefined;
}

function textOf(option: GivenOption | undefined): string | undefined {
  if (option === undefined) return undefined;
  if (option.argument.kind === 'text') return option.argument.text;
  throw refused(SqlState.syntaxError, `${option.name} requires a parameter`);
}

function columnsOf(option: GivenOption | undefined, allowsAll: boolean): OptionArgument {
  if (option === undefined) return none;
  const { argument } = option;
  if (argument.kind === 'names' || (allowsAll && argument.kind === 'all')) return argument;
  throw at(
    option,
    SqlState.invalidParameterValue,
    `argument to option "${option.name}" must be a list of column names`,
  );
}

/** Names of encodings are compared without regard to case, blanks, hyphens and underscores. */
const encodings: ReadonlyMap<string, CopyEncoding> = new Map([
  ['utf8', 'utf8'],
  ['unicode', 'utf8'],
  ['sqlascii', 'utf8'],
  ['latin1', 'latin1'],
  ['iso88591', 'latin1'],
]);

function encodingOf(option: GivenOption | undefined): CopyEncoding {
  if (option === undefined) return 'utf8';
  const encoding = encodings.get((textOf(option) ?? '').toLowerCase().replace(/[^a-z0-9]/g, ''));
  if (encoding !== undefined) return encoding;
  throw new SqlensError({
    sqlState: SqlState.invalidParameterValue,
    message: `argument to option "${option.name}" must be a valid encoding name`,
    hint: 'Data is copied as UTF8 or LATIN1.',
    position: option.position,
  });
}

function onlyInCsv(option: string): SqlensError {
  return refused(SqlState.featureNotSupported, `COPY ${option} available only in CSV mode`);
}

function onlyWhen(option: string, direction: string): SqlensError {
  return refused(SqlState.featureNotSupported, `COPY ${option} only available using ${direction}`);
}

function refused(sqlState: SqlState, message: string): SqlensError {
  return new SqlensError({ sqlState, message });
}

function at({ position }: GivenOption, sqlState: SqlState, message: string): SqlensError {
  return new SqlensError({ sqlState, message, position });
}
