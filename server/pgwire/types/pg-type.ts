/** The PostgreSQL types that reach the wire: their oids, their sizes, and the DuckDB types behind them. */
import {
  BIGINT,
  BIT,
  BLOB,
  BOOLEAN,
  DATE,
  DECIMAL,
  DOUBLE,
  type DuckDBType,
  DuckDBTypeId,
  DuckDBVarCharType,
  FLOAT,
  INTEGER,
  INTERVAL,
  LIST,
  SMALLINT,
  TIME,
  TIMESTAMP,
  TIMESTAMPTZ,
  TIMETZ,
  UINTEGER,
  UUID,
  VARCHAR,
} from '@duckdb/node-api';

/** pg_type.oid by pg_type.typname. */
export const Oid = {
  bool: 16,
  bytea: 17,
  char: 18,
  name: 19,
  int8: 20,
  int2: 21,
  int4: 23,
  text: 25,
  oid: 26,
  json: 114,
  float4: 700,
  float8: 701,
  unknown: 705,
  bpchar: 1042,
  varchar: 1043,
  date: 1082,
  time: 1083,
  timestamp: 1114,
  timestamptz: 1184,
  interval: 1186,
  timetz: 1266,
  bit: 1560,
  varbit: 1562,
  numeric: 1700,
  uuid: 2950,
  void: 2278,
  jsonb: 3802,
} as const;

/** What RowDescription says of a column's type. */
export interface PgType {
  readonly oid: number;
  readonly typlen: number;
  readonly typmod: number;
}

export const VOID: PgType = { oid: Oid.void, typlen: 4, typmod: -1 };

interface ScalarType {
  readonly name: string;
  readonly typlen: number;
  /** oid of the type's array. */
  readonly array: number;
  /** The DuckDB type of a parameter declared with this oid. */
  readonly duckdb: DuckDBType;
}

/** JSON is VARCHAR with a name in DuckDB. */
export const JSON_TYPE = new DuckDBVarCharType('JSON');
/** `numeric` without precision and scale; a value carries the width and scale that it needs. */
export const NUMERIC_TYPE = DECIMAL(38, 10);

const scalars: ReadonlyMap<number, ScalarType> = new Map([
  [Oid.bool, { name: 'bool', typlen: 1, array: 1000, duckdb: BOOLEAN }],
  [Oid.bytea, { name: 'bytea', typlen: -1, array: 1001, duckdb: BLOB }],
  [Oid.char, { name: 'char', typlen: 1, array: 1002, duckdb: VARCHAR }],
  [Oid.name, { name: 'name', typlen: 64, array: 1003, duckdb: VARCHAR }],
  [Oid.int8, { name: 'int8', typlen: 8, array: 1016, duckdb: BIGINT }],
  [Oid.int2, { name: 'int2', typlen: 2, array: 1005, duckdb: SMALLINT }],
  [Oid.int4, { name: 'int4', typlen: 4, array: 1007, duckdb: INTEGER }],
  [Oid.text, { name: 'text', typlen: -1, array: 1009, duckdb: VARCHAR }],
  [Oid.oid, { name: 'oid', typlen: 4, array: 1028, duckdb: UINTEGER }],
  [Oid.json, { name: 'json', typlen: -1, array: 199, duckdb: JSON_TYPE }],
  [Oid.float4, { name: 'float4', typlen: 4, array: 1021, duckdb: FLOAT }],
  [Oid.float8, { name: 'float8', typlen: 8, array: 1022, duckdb: DOUBLE }],
  [Oid.bpchar, { name: 'bpchar', typlen: -1, array: 1014, duckdb: VARCHAR }],
  [Oid.varchar, { name: 'varchar', typlen: -1, array: 1015, duckdb: VARCHAR }],
  [Oid.date, { name: 'date', typlen: 4, array: 1182, duckdb: DATE }],
  [Oid.time, { name: 'time', typlen: 8, array: 1183, duckdb: TIME }],
  [Oid.timestamp, { name: 'timestamp', typlen: 8, array: 1115, duckdb: TIMESTAMP }],
  [Oid.timestamptz, { name: 'timestamptz', typlen: 8, array: 1185, duckdb: TIMESTAMPTZ }],
  [Oid.interval, { name: 'interval', typlen: 16, array: 1187, duckdb: INTERVAL }],
  [Oid.timetz, { name: 'timetz', typlen: 12, array: 1270, duckdb: TIMETZ }],
  [Oid.bit, { name: 'bit', typlen: -1, array: 1561, duckdb: BIT }],
  [Oid.varbit, { name: 'varbit', typlen: -1, array: 1563, duckdb: BIT }],
  [Oid.numeric, { name: 'numeric', typlen: -1, array: 1231, duckdb: NUMERIC_TYPE }],
  [Oid.uuid, { name: 'uuid', typlen: 16, array: 2951, duckdb: UUID }],
  [Oid.jsonb, { name: 'jsonb', typlen: -1, array: 3807, duckdb: JSON_TYPE }],
]);

const elementByArray: ReadonlyMap<number, number> = new Map(
  [...scalars].map(([oid, scalar]) => [scalar.array, oid]),
);

/** The element type of an array's oid, undefined when the oid is not an array we know. */
export function elementOid(oid: number): number | undefined {
  return elementByArray.get(oid);
}

/** The name of a type for messages. */
export function typeName(oid: number): string {
  const element = elementOid(oid);
  if (element !== undefined) return `${typeName(element)}[]`;
  return scalars.get(oid)?.name ?? `type with OID ${oid}`;
}

/**
 * The DuckDB type of a parameter that the client declares with an oid.
 * @returns undefined for 0, `unknown` and types we do not know: their text is cast to what the context needs
 */
export function duckdbTypeOf(oid: number): DuckDBType | undefined {
  const element = elementOid(oid);
  if (element !== undefined) {
    const scalar = scalars.get(element);
    return scalar === undefined ? undefined : LIST(scalar.duckdb);
  }
  return scalars.get(oid)?.duckdb;
}

/**
 * How a DuckDB type appears to PostgreSQL clients. What PostgreSQL has no type for becomes the narrowest type that
 * holds every value (UTINYINT → int2, HUGEINT → numeric), nested values become json, the rest text.
 */
export function pgTypeOf(type: DuckDBType): PgType {
  if (type.typeId === DuckDBTypeId.DECIMAL) {
    return { oid: Oid.numeric, typlen: -1, typmod: ((type.width << 16) | type.scale) + 4 };
  }
  if (type.typeId === DuckDBTypeId.LIST || type.typeId === DuckDBTypeId.ARRAY)
    return arrayTypeOf(type.valueType);
  const oid = scalarOid(type);
  return { oid, typlen: scalars.get(oid)?.typlen ?? -1, typmod: -1 };
}

function arrayTypeOf(valueType: DuckDBType): PgType {
  const element = innermost(valueType);
  const oid = isNested(element) ? Oid.json : (scalars.get(pgTypeOf(element).oid)?.array ?? Oid.json);
  // numeric's typmod holds for the elements too.
  return { oid, typlen: -1, typmod: oid === Oid.json ? -1 : pgTypeOf(element).typmod };
}

/** PostgreSQL's arrays have any number of dimensions under one type: lists of lists share their element's array. */
export function innermost(type: DuckDBType): DuckDBType {
  let inner = type;
  while (inner.typeId === DuckDBTypeId.LIST || inner.typeId === DuckDBTypeId.ARRAY) inner = inner.valueType;
  return inner;
}

/** True for types that are written as JSON objects. */
export function isNested(type: DuckDBType): boolean {
  return (
    type.typeId === DuckDBTypeId.STRUCT ||
    type.typeId === DuckDBTypeId.MAP ||
    type.typeId === DuckDBTypeId.UNION
  );
}

export function isJson(type: DuckDBType): boolean {
  return type.typeId === DuckDBTypeId.VARCHAR && type.alias?.toUpperCase() === 'JSON';
}

function scalarOid(type: DuckDBType): number {
  switch (type.typeId) {
    case DuckDBTypeId.BOOLEAN:
      return Oid.bool;
    case DuckDBTypeId.TINYINT:
    case DuckDBTypeId.UTINYINT:
    case DuckDBTypeId.SMALLINT:
      return Oid.int2;
    case DuckDBTypeId.USMALLINT:
    case DuckDBTypeId.INTEGER:
    case DuckDBTypeId.INTEGER_LITERAL:
      return Oid.int4;
    case DuckDBTypeId.UINTEGER:
    case DuckDBTypeId.BIGINT:
      return Oid.int8;
    case DuckDBTypeId.UBIGINT:
    case DuckDBTypeId.HUGEINT:
    case DuckDBTypeId.UHUGEINT:
      return Oid.numeric;
    case DuckDBTypeId.FLOAT:
      return Oid.float4;
    case DuckDBTypeId.DOUBLE:
      return Oid.float8;
    case DuckDBTypeId.BLOB:
      return Oid.bytea;
    case DuckDBTypeId.DATE:
      return Oid.date;
    case DuckDBTypeId.TIME:
    case DuckDBTypeId.TIME_NS:
      return Oid.time;
    case DuckDBTypeId.TIME_TZ:
      return Oid.timetz;
    case DuckDBTypeId.TIMESTAMP:
    case DuckDBTypeId.TIMESTAMP_S:
    case DuckDBTypeId.TIMESTAMP_MS:
    case DuckDBTypeId.TIMESTAMP_NS:
      return Oid.timestamp;
    case DuckDBTypeId.TIMESTAMP_TZ:
      return Oid.timestamptz;
    case DuckDBTypeId.INTERVAL:
      return Oid.interval;
    case DuckDBTypeId.UUID:
      return Oid.uuid;
    case DuckDBTypeId.BIT:
      return Oid.varbit;
    case DuckDBTypeId.STRUCT:
    case DuckDBTypeId.MAP:
    case DuckDBTypeId.UNION:
      return Oid.json;
    case DuckDBTypeId.VARCHAR:
      return isJson(type) ? Oid.json : Oid.text;
    default:
      return Oid.text;
  }
}
