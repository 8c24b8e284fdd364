/** PostgreSQL's types, by oid, as DuckDB holds the catalog's rows; and their texts as JSON that DuckDB reads back. */

/** DuckDB's types of PostgreSQL's scalars. Everything else is its text: names, reg…, "char", pg_node_tree, bytea … */
const SCALARS: ReadonlyMap<number, string> = new Map([
  [16, 'BOOLEAN'],
  [20, 'BIGINT'],
  [21, 'SMALLINT'],
  [23, 'INTEGER'],
  // oid, xid and cid have no sign; as BIGINT they join and compare with every integer.
  [26, 'BIGINT'],
  [28, 'BIGINT'],
  [29, 'BIGINT'],
  [700, 'FLOAT'],
  [701, 'DOUBLE'],
  [1082, 'DATE'],
  [1083, 'TIME'],
  [1114, 'TIMESTAMP'],
  [1184, 'TIMESTAMPTZ'],
  [1186, 'INTERVAL'],
  [1700, 'DECIMAL(38, 9)'],
  [2950, 'UUID'],
]);

/** Arrays, and the vectors that are written "1 2" and joined by `= ANY(indkey)`: oid of the element. */
const ELEMENTS: ReadonlyMap<number, number> = new Map([
  [22, 21],
  [30, 26],
  [1000, 16],
  [1002, 18],
  [1003, 19],
  [1005, 21],
  [1007, 23],
  [1008, 24],
  [1009, 25],
  [1014, 1042],
  [1015, 1043],
  [1016, 20],
  [1021, 700],
  [1022, 701],
  [1028, 26],
  [1034, 1033],
  [1182, 1082],
  [1115, 1114],
  [1185, 1184],
  [1231, 1700],
  [2210, 2205],
  [2211, 2206],
  [2951, 2950],
  [12634, 1043],
]);

const INT2VECTOR = 22;
const OIDVECTOR = 30;

/** @returns the DuckDB type for a column of that PostgreSQL type, as SQL */
export function duckdbTypeOf(oid: number): string {
  const element = ELEMENTS.get(oid);
  if (element !== undefined) return `${SCALARS.get(element) ?? 'VARCHAR'}[]`;
  return SCALARS.get(oid) ?? 'VARCHAR';
}

/** The value as DuckDB's from_json and casts of JSON read it: everything is a string, but NULL and lists. */
export type JsonValue = string | null | readonly (string | null)[];

/** @param text PostgreSQL's text format */
export function jsonValueOf(oid: number, text: string | null): JsonValue {
  if (text === null) return null;
  const element = ELEMENTS.get(oid);
  if (element === undefined) return scalarText(oid, text);
  if (oid === INT2VECTOR || oid === OIDVECTOR) return text === '' ? [] : text.split(' ');
  return arrayItems(text).map((item) => (item === null ? null : scalarText(element, item)));
}

function scalarText(oid: number, text: string): string {
  if (oid === 16) return text === 't' || text === 'true' ? 'true' : 'false';
  return text;
}

/** The items of `{a,"b c",NULL}`; nested braces are flattened, and a lower bound (`[0:1]={…}`) is dropped. */
export function arrayItems(text: string): (string | null)[] {
  const items: (string | null)[] = [];
  const ITEM = /"((?:[^"\\]|\\.)*)"|[^{},"]+/gs;
  const body = text.slice(text.indexOf('{'));
  for (const [whole, quoted] of body.matchAll(ITEM)) {
    if (quoted !== undefined) items.push(quoted.replace(/\\(.)/gs, '$1'));
    else items.push(whole === 'NULL' ? null : whole);
  }
  return items;
}
