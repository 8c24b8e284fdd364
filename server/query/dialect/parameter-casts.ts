/** `$1::int4`: the type that a cast gives a parameter is its type wherever it stands, as in PostgreSQL. */
import {
  BIGINT,
  BLOB,
  BOOLEAN,
  DATE,
  DOUBLE,
  type DuckDBType,
  FLOAT,
  INTEGER,
  INTERVAL,
  LIST,
  SMALLINT,
  TIME,
  TIMESTAMP,
  TIMESTAMPTZ,
  UUID,
  VARCHAR,
} from '@duckdb/node-api';
import type { Token } from '../text/tokens.ts';
import { isOperator } from './operands.ts';
import { readTypeName } from './type-names.ts';

/** Types without a modifier that matters; of others the engine finds out what it can. */
const TYPES: ReadonlyMap<string, DuckDBType> = new Map<string, DuckDBType>([
  ['bool', BOOLEAN],
  ['int2', SMALLINT],
  ['int4', INTEGER],
  ['int8', BIGINT],
  ['float4', FLOAT],
  ['float8', DOUBLE],
  ['text', VARCHAR],
  ['varchar', VARCHAR],
  ['bytea', BLOB],
  ['date', DATE],
  ['time', TIME],
  ['timestamp', TIMESTAMP],
  ['timestamptz', TIMESTAMPTZ],
  ['interval', INTERVAL],
  ['uuid', UUID],
]);

/** By parameter number (1-based): the first cast in the text decides, later ones cast what it gives. */
export function parameterCasts(tokens: readonly Token[]): ReadonlyMap<number, DuckDBType> {
  const casts = new Map<number, DuckDBType>();
  for (const [at, token] of tokens.entries()) {
    if (token.kind !== 'parameter') continue;
    const number = Number(token.value.slice(1));
    const next = tokens[at + 1];
    const isCall =
      next?.kind === 'word' &&
      next.value === 'as' &&
      isOperator(tokens[at - 1], '(') &&
      tokens[at - 2]?.value === 'cast';
    if (casts.has(number) || !(isOperator(next, '::') || isCall)) continue;
    const name = readTypeName(tokens, at + 2);
    const type = name === undefined ? undefined : TYPES.get(name.name);
    if (name === undefined || type === undefined) continue;
    // DuckDB's types have their dimensions: int4[][] takes other values than int4[].
    const brackets = tokens.slice(at + 2, name.end).filter((part) => isOperator(part, '[')).length;
    let nested = type;
    for (let level = 0; level < Math.max(brackets, name.isArray ? 1 : 0); level++) nested = LIST(nested);
    casts.set(number, nested);
  }
  return casts;
}
