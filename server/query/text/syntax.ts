/**
 * Whether a text is a statement at all, without looking at what it names: PostgreSQL reads a whole query string before
 * it runs the first of its statements.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { SqlState } from '../../../common/errors.ts';
import type { TypedText } from '../describe/parameters.ts';
import { translate } from '../dialect/index.ts';
import { fromDuckDBError } from '../engine/duckdb-errors.ts';
import { isEngines } from './statement-traits.ts';
import { classify } from './statements.ts';
import { tokenize, withPlainSpaces } from './tokens.ts';

/**
 * @param isOthers whether somebody else than the engine reads the statement; asked when the engine cannot
 * @throws 42601
 */
export async function checkSyntax(
  connection: DuckDBConnection,
  sql: string,
  isOthers: () => Promise<boolean>,
): Promise<void> {
  const tokens = tokenize(sql);
  if (tokens.length === 0) return;
  const statement = classify(tokens);
  if (!isEngines(statement)) return;
  let typed: TypedText = { text: '', original: (position) => position };
  try {
    typed = translate(withPlainSpaces(sql, tokens), tokens, statement);
    await connection.extractStatements(typed.text);
  } catch (error) {
    const found = fromDuckDBError(error, { sql: typed.text, original: typed.original });
    // A constant that is none of its type is found when it is this statement's turn.
    if (found.sqlState === SqlState.syntaxError && !(await isOthers())) throw found;
  }
}
