/** Reading of libpg-query's trees, which are JSON: `{"SelectStmt": {"targetList": [{"ResTarget": {…}}, …]}}`. */

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The fields of a node of that kind; undefined for any other. */
export function nodeOf(value: unknown, kind: string): Fields | undefined {
  const node = isFields(value) ? value[kind] : undefined;
  return isFields(node) ? node : undefined;
}

export function fieldsOf(value: unknown): Fields | undefined {
  return isFields(value) ? value : undefined;
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The strings of a list of String nodes: a qualified name. */
export function namesOf(value: unknown): readonly string[] {
  return listOf(value).map((item) => textOf(nodeOf(item, 'String')?.sval) ?? '');
}

/** Offset in bytes; the first byte is 0, which protobuf's JSON leaves out. */
export function locationOf(fields: Fields): number {
  return typeof fields.location === 'number' ? fields.location : 0;
}
