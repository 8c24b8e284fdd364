/** PostgreSQL's names for DuckDB's types, as `format_type` writes them. */

const NAMES: Readonly<Record<string, string>> = {
  BOOLEAN: 'boolean',
  SMALLINT: 'smallint',
  INTEGER: 'integer',
  BIGINT: 'bigint',
  FLOAT: 'real',
  DOUBLE: 'double precision',
  VARCHAR: 'character varying',
  BLOB: 'bytea',
  BIT: 'bit varying',
  TIMESTAMP: 'timestamp without time zone',
  TIME: 'time without time zone',
};

/**
 * SQL that turns a DuckDB type's text (`DECIMAL(10,2)[]`) into PostgreSQL's name for it (`numeric(10,2)[]`). Types that
 * PostgreSQL has not keep DuckDB's name: `hugeint` in lower case, nested types as they are, since their field names
 * have a case. Every dimension of an array is written as one pair of brackets, as PostgreSQL does.
 * @param type an SQL expression that gives the type's text
 */
export function postgresTypeName(type: string): string {
  const base = `(CASE WHEN ends_with(${type}, ']') THEN rtrim(${type}, '[0123456789]') ELSE ${type} END)`;
  const renamed = Object.entries(NAMES)
    .map(([duckdb, postgres]) => `WHEN '${duckdb}' THEN '${postgres}'`)
    .join(' ');
  return (
    `CASE ${base} ${renamed} ELSE CASE ` +
    `WHEN starts_with(${base}, 'DECIMAL(') THEN 'numeric' || ${base}[8:] ` +
    `WHEN contains(${base}, '(') OR starts_with(${base}, '"') THEN ${base} ELSE lower(${base}) END END ` +
    `|| CASE WHEN ends_with(${type}, ']') THEN '[]' ELSE '' END`
  );
}

/** Types whose arrays reach the wire: pg_type.oid of the element and of its array (PostgreSQL's pg_type.dat). */
export const ARRAY_TYPES: readonly (readonly [element: number, array: number])[] = [
  [16, 1000],
  [17, 1001],
  [18, 1002],
  [19, 1003],
  [20, 1016],
  [21, 1005],
  [23, 1007],
  [25, 1009],
  [26, 1028],
  [114, 199],
  [700, 1021],
  [701, 1022],
  [1042, 1014],
  [1043, 1015],
  [1082, 1182],
  [1083, 1183],
  [1114, 1115],
  [1184, 1185],
  [1186, 1187],
  [1266, 1270],
  [1560, 1561],
  [1562, 1563],
  [1700, 1231],
  [2950, 2951],
  [3802, 3807],
];
