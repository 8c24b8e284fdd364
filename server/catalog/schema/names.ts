/**
 * Names as PostgreSQL keeps them: at most 63 bytes. A longer one is cut where PostgreSQL would cut it, at a character's
 * border; when two become the same, the later one is numbered. Spelling is kept as DuckDB keeps it, always quoted.
 */

/** NAMEDATALEN - 1. */
const MAX_NAME_BYTES = 63;

/** What PostgreSQL keeps of a name. */
export function cutName(name: string, limit_bytes: number = MAX_NAME_BYTES): string {
  // No character of UTF-16 takes more than three bytes of UTF-8.
  if (name.length * 3 <= limit_bytes || Buffer.byteLength(name) <= limit_bytes) return name;
  let cut = '';
  let size_bytes = 0;
  for (const character of name) {
    size_bytes += Buffer.byteLength(character);
    if (size_bytes > limit_bytes) break;
    cut += character;
  }
  return cut;
}

/** Names that are taken in one place (a schema, a table), as PostgreSQL compares them: exactly. */
export class NameSpace {
  readonly #taken = new Set<string>();

  take(name: string): void {
    this.#taken.add(name);
  }

  /** The name as it can be, cut to size and told apart from those before it; it is taken then. */
  claim(name: string): string {
    const plain = cutName(name);
    let free = plain;
    for (let n = 1; this.#taken.has(free); n++) free = numbered(plain, n);
    this.#taken.add(free);
    return free;
  }

  /** The name that PostgreSQL gives to a constraint or its index (ChooseRelationName). */
  choose(table: string, columns: readonly string[], label: string): string {
    let free = objectName(table, columns, label);
    for (let n = 1; this.#taken.has(free); n++) free = objectName(table, columns, `${label}${n}`);
    this.#taken.add(free);
    return free;
  }
}

function numbered(name: string, n: number): string {
  const suffix = `~${n}`;
  return cutName(name, MAX_NAME_BYTES - suffix.length) + suffix;
}

/** `table_column_label`, the longer of the first two shortened until all fit (PostgreSQL's makeObjectName). */
function objectName(table: string, columns: readonly string[], label: string): string {
  const column = columns.join('_');
  const overhead_bytes = label.length + 1 + (column === '' ? 0 : 1);
  const available_bytes = MAX_NAME_BYTES - overhead_bytes;
  let table_bytes = Buffer.byteLength(table);
  let column_bytes = Buffer.byteLength(column);
  while (table_bytes + column_bytes > available_bytes) {
    if (table_bytes > column_bytes) table_bytes--;
    else column_bytes--;
  }
  const parts = [cutName(table, table_bytes), cutName(column, column_bytes), label];
  return parts.filter((part) => part !== '').join('_');
}

/** `"name"`. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Words that name nothing without quotes, in PostgreSQL or in DuckDB (PostgreSQL's reserved ones; manual, appendix C). */
const RESERVED = new Set(
  (
    'all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast ' +
    'char character check coalesce collate column concurrently constraint create cross current_catalog current_date ' +
    'current_role current_schema current_time current_timestamp current_user dec decimal default deferrable desc ' +
    'distinct do else end except exists extract false fetch float for foreign freeze from full grant greatest group ' +
    'grouping having ilike in initially inner inout int integer intersect interval into is isnull join lateral leading ' +
    'least left like limit localtime localtimestamp lambda national natural nchar none normalize not notnull null nullif ' +
    'numeric offset on only or order out outer overlaps overlay pivot placing position precision primary qualify real ' +
    'references returning right row select session_user setof similar smallint some substring summarize symmetric ' +
    'system_user table tablesample then time timestamp to trailing treat trim true union unique unpivot user using ' +
    'values varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest ' +
    'xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable'
  ).split(' '),
);

/** A name as people read it: quoted only where it has to be (PostgreSQL's quote_ident). */
export function shown(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !RESERVED.has(name) ? name : quoted(name);
}

/** `"schema"."name"`. */
export function qualified(schema: string, name: string): string {
  return `${quoted(schema)}.${quoted(name)}`;
}

/** A string of SQL; backslashes are plain characters in it whatever the settings. */
export function literal(text: string): string {
  const doubled = text.replaceAll("'", "''");
  return text.includes('\\') ? ` E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`;
}
