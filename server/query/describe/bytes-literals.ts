/**
 * Constants that become bytea by where they stand: `INSERT INTO t (b) VALUES ('\xdead')`, `WHERE b = '\xdead'`. The
 * engine would read them in its own way, which takes `\xdead` for three bytes. What type a constant takes is asked of
 * the engine itself, with a parameter in the constant's place.
 */
import { type DuckDBType, DuckDBTypeId } from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { castLiterals } from '../dialect/cast-literals.ts';
import { Edits } from '../dialect/edits.ts';
import type { Translated } from '../dialect/index.ts';
import { readBytes } from '../dialect/rules/typed-constants.ts';
import { readList } from '../dialect/select-lists.ts';
import { findWord } from '../text/clauses.ts';
import { quoteLiteral, type Token, tokenize } from '../text/tokens.ts';

/** The protocol numbers parameters up to here; each constant takes one while its type is asked. */
const MAX_PARAMETERS = 65_535;

/** @returns the type of each parameter from number `count` + 1 on; undefined when the statement cannot be prepared */
export type InferTypes = (
  text: string,
  from: number,
  count: number,
) => Promise<readonly (DuckDBType | undefined)[] | undefined>;

/**
 * @param parameters how many the statement has
 * @returns the statement with its bytea constants as the engine writes them
 * @throws 22P02, 22023 for text that is no bytea; 54000 for more constants than can be looked at
 */
export async function withBytes(
  statement: Translated,
  parameters: number,
  infer: InferTypes,
): Promise<Translated> {
  // Nearly every statement: the two readings differ in backslashes only.
  if (!statement.text.includes('\\')) return statement;
  const literals = uncast(statement.tokens());
  if (literals.length === 0) return statement;
  if (literals.length + parameters > MAX_PARAMETERS) throw tooMany(literals.length);
  const bytes = [
    ...(await bytesAmong(statement.text, literals, parameters, infer)),
    ...(await bytesInserted(statement, new Set(literals), parameters, infer)),
  ];
  if (bytes.length === 0) return statement;
  const edits = new Edits();
  for (const literal of bytes) {
    edits.replace(literal, `${quoteLiteral(readBytes(literal.value, { literal }))}::blob`);
  }
  const { text, original } = edits.apply(statement.text);
  return {
    text,
    tokens: () => tokenize(text),
    original: (position) => statement.original(original(position)),
  };
}

function uncast(tokens: readonly Token[]): Token[] {
  const cast = new Set([...castLiterals(tokens)].map(({ literal }) => literal));
  return tokens.filter((token) => token.kind === 'string' && token.value.includes('\\') && !cast.has(token));
}

/** Times that the engine is asked about one statement. */
const MAX_QUESTIONS = 64;

/** Some constants must be constants: where all together cannot be parameters, halves of them are tried. */
async function bytesAmong(
  sql: string,
  all: readonly Token[],
  parameters: number,
  infer: InferTypes,
): Promise<readonly Token[]> {
  const found: Token[] = [];
  const groups = [all];
  for (let asked = 0; ; asked++) {
    const literals = groups.pop();
    if (literals === undefined) return found;
    if (asked === 1 && (await infer(sql, parameters, 0)) === undefined && !readsBytes(all)) return [];
    if (asked >= MAX_QUESTIONS) throw tooMany(all.length);
    const edits = new Edits();
    for (const [at, literal] of literals.entries()) edits.replace(literal, `$${parameters + at + 1}`);
    const types = await infer(edits.apply(sql).text, parameters, literals.length);
    if (types !== undefined) {
      found.push(...literals.filter((_, at) => types[at]?.typeId === DuckDBTypeId.BLOB));
    } else if (literals.length > 1) {
      const middle = Math.ceil(literals.length / 2);
      groups.push(literals.slice(middle), literals.slice(0, middle));
    }
  }
}

/** INSERT … SELECT: what stands by itself in the list takes the type of the column, as it does in VALUES. */
async function bytesInserted(
  { text, tokens: read }: Translated,
  literals: ReadonlySet<Token>,
  parameters: number,
  infer: InferTypes,
): Promise<readonly Token[]> {
  const tokens = read();
  const insert = findWord(tokens, 0, 'insert');
  const first = insert < 0 ? -1 : findWord(tokens, insert, 'select');
  const into = tokens[first]?.start;
  const start = tokens[insert]?.start;
  if (into === undefined || start === undefined) return [];
  const found: Token[] = [];
  for (let at = first; at >= 0; at = findWord(tokens, at + 1, 'select')) {
    const { items } = readList(tokens, at, tokens.length);
    const asked: Token[] = [];
    const values = items.map(([from]) => {
      const token = tokens[from];
      const behind = tokens[from + 1];
      const isAlone = behind === undefined || behind.kind !== 'operator' || /^[,;)]$/.test(behind.value);
      if (token === undefined || !isAlone || !literals.has(token)) return 'NULL';
      asked.push(token);
      return `$${parameters + asked.length}`;
    });
    if (asked.length === 0) continue;
    const probe = `${text.slice(start, into)} VALUES (${values.join(', ')})`;
    const types = await infer(probe, parameters, asked.length);
    found.push(...asked.filter((_, at) => types?.[at]?.typeId === DuckDBTypeId.BLOB));
  }
  return found;
}

/** Whether the engine may have refused the statement because of a constant that PostgreSQL takes for bytea. */
function readsBytes(literals: readonly Token[]): boolean {
  return literals.length <= MAX_QUESTIONS / 2 && literals.some(({ value }) => value.startsWith('\\x'));
}

function tooMany(count: number): SqlensError {
  return new SqlensError({
    sqlState: SqlState.programLimitExceeded,
    message: `the statement has ${count} constants with a backslash, and the types of at most ${MAX_PARAMETERS} can be found out`,
    hint: "Write their type, as in '\\xdead'::bytea, or send fewer rows at a time.",
  });
}
