/** Parameter values of the types that the statement needs; text of no declared type is cast by DuckDB. */
import {
  type DuckDBConnection,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
  VARCHAR,
} from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { ParameterValue } from '../api.ts';
import { fromDuckDBError } from '../engine/duckdb-errors.ts';
import type { Engine } from '../engine/engine.ts';
import type { BoundParameter } from '../run/answering.ts';
import type { Parsed } from './parsed.ts';

/**
 * @throws 08P01 for a wrong number of parameters, 22P02 for text that is no value of its type
 */
export async function bindValues(
  engine: Engine,
  parsed: Parsed,
  parameters: readonly ParameterValue[],
): Promise<BoundParameter[]> {
  const types = parsed.parameterTypes;
  if (parameters.length !== types.length) {
    throw new SqlensError({
      sqlState: SqlState.protocolViolation,
      message: `bind message supplies ${parameters.length} parameters, but the statement requires ${types.length}`,
    });
  }
  const bound: BoundParameter[] = [];
  for (const [at, { value, type: given }] of parameters.entries()) {
    const type = types[at] ?? given ?? VARCHAR;
    if (value === null || given !== undefined || typeof value !== 'string' || isText(type)) {
      bound.push({ value, type: given ?? type });
    } else {
      const cast =
        plainInteger(value, type) ??
        (await engine.withUtility((connection) => castText(connection, value, type, at + 1)));
      bound.push({ value: cast, type });
    }
  }
  return bound;
}

function isText(type: DuckDBType): boolean {
  return type.toString() === 'VARCHAR';
}

/** Whole numbers that are surely of the type: the commonest parameters by far need no DuckDB. */
function plainInteger(text: string, type: DuckDBType): number | bigint | undefined {
  if (!/^-?\d{1,18}$/.test(text)) return undefined;
  if (type.typeId === DuckDBTypeId.BIGINT) return BigInt(text);
  return type.typeId === DuckDBTypeId.INTEGER && text.length < 10 ? Number(text) : undefined;
}

async function castText(
  connection: DuckDBConnection,
  text: string,
  type: DuckDBType,
  number: number,
): Promise<DuckDBValue> {
  try {
    const reader = await connection.runAndReadAll(`SELECT CAST($1 AS ${type.toString()})`, [text], [VARCHAR]);
    return reader.getRows()[0]?.[0] ?? null;
  } catch (error) {
    const cause = fromDuckDBError(error, { sql: '' });
    throw new SqlensError({
      sqlState: cause.sqlState,
      message: `parameter $${number}: ${cause.message}`,
      hint: cause.hint,
    });
  }
}
