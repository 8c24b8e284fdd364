/**
 * Sums of whole numbers: bigint in PostgreSQL where the numbers have 32 bits or fewer, numeric where they have 64. The
 * engine has one type for both, so what is summed is asked for.
 */
import { BIGINT, type DuckDBType, DuckDBTypeId } from '@duckdb/node-api';
import { behindCall } from '../dialect/column-names.ts';
import { Edits } from '../dialect/edits.ts';
import type { Translated } from '../dialect/index.ts';
import { isWord, selectListAt } from '../dialect/select-lists.ts';
import { behindBracket } from '../text/clauses.ts';
import { type Token, tokenize } from '../text/tokens.ts';

type ColumnTypes = readonly (DuckDBType | undefined)[];

interface Sum {
  readonly column: number;
  /** Its name. */
  readonly first: Token;
  /** The last token of the call, with FILTER and OVER. */
  readonly last: Token;
}

/**
 * @param types of the statement's columns
 * @param describe the column types of another text; undefined when it cannot be prepared
 * @returns the statement with its sums as PostgreSQL types them, and the types of its columns then
 */
export async function withSums(
  statement: Translated,
  types: ColumnTypes,
  describe: (text: string) => Promise<ColumnTypes | undefined>,
): Promise<{ readonly statement: Translated; readonly types: ColumnTypes }> {
  const sums = types.some(isHuge) ? sumsIn(statement.tokens(), types) : [];
  if (sums.length === 0) return { statement, types };
  const probe = new Edits();
  for (const { first } of sums) probe.replace(first, 'any_value');
  const summed = await describe(probe.apply(statement.text).text);
  const small = sums.filter(({ column }) => isSmall(summed?.[column]));
  if (small.length === 0) return { statement, types };
  const edits = new Edits();
  for (const { last } of small) edits.insertAfter(last, '::BIGINT');
  const { text, original } = edits.apply(statement.text);
  const columns = new Set(small.map(({ column }) => column));
  return {
    statement: {
      text,
      tokens: () => tokenize(text),
      original: (position) => statement.original(original(position)),
    },
    types: types.map((type, at) => (columns.has(at) ? BIGINT : type)),
  };
}

function isHuge(type: DuckDBType | undefined): boolean {
  return type?.typeId === DuckDBTypeId.HUGEINT;
}

const SMALL: ReadonlySet<DuckDBTypeId | undefined> = new Set([
  DuckDBTypeId.TINYINT,
  DuckDBTypeId.SMALLINT,
  DuckDBTypeId.INTEGER,
]);

function isSmall(type: DuckDBType | undefined): boolean {
  return SMALL.has(type?.typeId);
}

/** Items of the outermost list that are a sum and nothing else. */
function sumsIn(tokens: readonly Token[], types: ColumnTypes): readonly Sum[] {
  const list = selectListAt(tokens, 0, tokens.length);
  if (list === undefined || list.items.length !== types.length) return [];
  return list.items.flatMap(([from, to], column) => {
    const first = tokens[from];
    if (!isWord(first, 'sum') || first === undefined || tokens[from + 1]?.value !== '(') return [];
    const end = behindCall(tokens, behindBracket(tokens, from + 1), to);
    const last = tokens[end - 1];
    const isAlone =
      end === to || isWord(tokens[end], 'as') || (end === to - 1 && tokens[end]?.kind !== 'operator');
    return isAlone && last !== undefined && isHuge(types[column]) ? [{ column, first, last }] : [];
  });
}
