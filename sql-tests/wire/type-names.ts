/** Names of PostgreSQL's built-in types, so that transcripts say "int4" and not 23, with their storage sizes. */

const types: readonly (readonly [name: string, oid: number, size: number])[] = [
  ['bool', 16, 1],
  ['bytea', 17, -1],
  ['char', 18, 1],
  ['name', 19, 64],
  ['int8', 20, 8],
  ['int2', 21, 2],
  ['int4', 23, 4],
  ['regproc', 24, 4],
  ['text', 25, -1],
  ['oid', 26, 4],
  ['json', 114, -1],
  ['float4', 700, 4],
  ['float8', 701, 8],
  ['unknown', 705, -2],
  ['bool[]', 1000, -1],
  ['bytea[]', 1001, -1],
  ['name[]', 1003, -1],
  ['int2[]', 1005, -1],
  ['int4[]', 1007, -1],
  ['text[]', 1009, -1],
  ['varchar[]', 1015, -1],
  ['int8[]', 1016, -1],
  ['float4[]', 1021, -1],
  ['float8[]', 1022, -1],
  ['oid[]', 1028, -1],
  ['bpchar', 1042, -1],
  ['varchar', 1043, -1],
  ['date', 1082, 4],
  ['time', 1083, 8],
  ['timestamp', 1114, 8],
  ['timestamp[]', 1115, -1],
  ['date[]', 1182, -1],
  ['timestamptz', 1184, 8],
  ['timestamptz[]', 1185, -1],
  ['interval', 1186, 16],
  ['numeric[]', 1231, -1],
  ['timetz', 1266, 12],
  ['numeric', 1700, -1],
  ['regprocedure', 2202, 4],
  ['regclass', 2205, 4],
  ['regtype', 2206, 4],
  ['record', 2249, -1],
  ['cstring', 2275, -2],
  ['void', 2278, 4],
  ['uuid', 2950, 16],
  ['uuid[]', 2951, -1],
  ['jsonb', 3802, -1],
];

const byName = new Map(types.map(([name, oid]) => [name, oid]));
const byOid = new Map(types.map(([name, oid, size]) => [oid, { name, size }]));

/** The name of a type, or its OID where it has none here. */
export function typeName(oid: number): string | number {
  return byOid.get(oid)?.name ?? oid;
}

/** @throws Error for a name that is not known */
export function typeOid(type: string | number): number {
  const oid = typeof type === 'number' ? type : byName.get(type);
  if (oid === undefined) throw new Error(`unknown type "${type}"`);
  return oid;
}

/** The size that PostgreSQL says in RowDescription; undefined for a type that is not known here. */
export function typeSize(oid: number): number | undefined {
  return byOid.get(oid)?.size;
}
