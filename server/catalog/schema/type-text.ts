/**
 * PostgreSQL's name for a DuckDB type that is known only by its text, as duckdb_columns() writes it. The text is turned
 * into a DuckDB type and that into PostgreSQL's by the wire's own mapping: pg_attribute and RowDescription agree.
 */
import {
  ARRAY,
  BIGINT,
  BIGNUM,
  BIT,
  BLOB,
  BOOLEAN,
  DATE,
  DECIMAL,
  DOUBLE,
  type DuckDBType,
  DuckDBVarCharType,
  ENUM,
  FLOAT,
  HUGEINT,
  INTEGER,
  INTERVAL,
  LIST,
  MAP,
  SMALLINT,
  STRUCT,
  TIME,
  TIME_NS,
  TIMESTAMP,
  TIMESTAMP_MS,
  TIMESTAMP_NS,
  TIMESTAMP_S,
  TIMESTAMPTZ,
  TIMETZ,
  TINYINT,
  UBIGINT,
  UHUGEINT,
  UINTEGER,
  UNION,
  USMALLINT,
  UTINYINT,
  UUID,
  VARCHAR,
} from '@duckdb/node-api';
import { Oid, type PgType, pgTypeOf, typeName } from '../../pgwire/types/pg-type.ts';

/** What is inside does not matter to PostgreSQL: all of them are json (or text, an ENUM) there. */
const NESTED: readonly (readonly [prefix: string, type: DuckDBType])[] = [
  ['STRUCT(', STRUCT({})],
  ['MAP(', MAP(VARCHAR, VARCHAR)],
  ['UNION(', UNION({})],
  ['ENUM(', ENUM([''])],
];

const SCALARS: ReadonlyMap<string, DuckDBType> = new Map<string, DuckDBType>([
  ['BOOLEAN', BOOLEAN],
  ['TINYINT', TINYINT],
  ['SMALLINT', SMALLINT],
  ['INTEGER', INTEGER],
  ['BIGINT', BIGINT],
  ['HUGEINT', HUGEINT],
  ['UTINYINT', UTINYINT],
  ['USMALLINT', USMALLINT],
  ['UINTEGER', UINTEGER],
  ['UBIGINT', UBIGINT],
  ['UHUGEINT', UHUGEINT],
  ['FLOAT', FLOAT],
  ['DOUBLE', DOUBLE],
  ['VARCHAR', VARCHAR],
  ['BLOB', BLOB],
  ['BIT', BIT],
  ['DATE', DATE],
  ['TIME', TIME],
  ['TIME_NS', TIME_NS],
  ['TIME WITH TIME ZONE', TIMETZ],
  ['TIMESTAMP', TIMESTAMP],
  ['TIMESTAMP_S', TIMESTAMP_S],
  ['TIMESTAMP_MS', TIMESTAMP_MS],
  ['TIMESTAMP_NS', TIMESTAMP_NS],
  ['TIMESTAMP WITH TIME ZONE', TIMESTAMPTZ],
  ['INTERVAL', INTERVAL],
  ['UUID', UUID],
  ['JSON', new DuckDBVarCharType('JSON')],
  ['BIGNUM', BIGNUM],
  // A column of nothing but NULL: a result of it is an INTEGER.
  ['"NULL"', INTEGER],
]);

/** A list's or an array's brackets at the end of a type's text. */
const BRACKETS = /\[(\d*)\]$/;

/**
 * The DuckDB type that a text means, as far as PostgreSQL's view of it goes: the fields of nested types and an ENUM's
 * members are left out. Types that PostgreSQL has not are VARCHAR, as the wire sends them.
 */
export function duckdbTypeOfText(text: string): DuckDBType {
  const brackets = BRACKETS.exec(text);
  if (brackets !== null) {
    const inner = duckdbTypeOfText(text.slice(0, brackets.index));
    return brackets[1] === '' ? LIST(inner) : ARRAY(inner, Number(brackets[1]));
  }
  const decimal = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(text);
  if (decimal !== null) return DECIMAL(Number(decimal[1]), Number(decimal[2]));
  for (const [prefix, type] of NESTED) if (text.startsWith(prefix)) return type;
  return SCALARS.get(text) ?? VARCHAR;
}

const names = new Map<string, string>();
/** Types repeat; ENUMs and STRUCTs, whose texts may be long and many, are not remembered. */
const MAX_REMEMBERED_LENGTH = 64;
const MAX_REMEMBERED = 2000;

/** The type in PostgreSQL's SQL: `int4`, `numeric(10,2)`, `text[]`. */
export function postgresType(text: string): string {
  const known = names.get(text);
  if (known !== undefined) return known;
  const name = sqlName(pgTypeOf(duckdbTypeOfText(text)));
  if (text.length <= MAX_REMEMBERED_LENGTH && names.size < MAX_REMEMBERED) names.set(text, name);
  return name;
}

function sqlName({ oid, typmod }: PgType): string {
  const name = typeName(oid);
  if (typmod < 0) return name;
  const packed = typmod - 4;
  const base = `${typeName(Oid.numeric)}(${packed >> 16},${packed & 0xffff})`;
  return name.endsWith('[]') ? `${base}[]` : base;
}
