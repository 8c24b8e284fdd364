/** Where columns of results come from, in the mirror's numbers: RowDescription's table OID and attribute number. */
import type { Entry } from './entry.ts';
import type { MirrorPort } from './mirror-port.ts';
import { cutName, literal } from './names.ts';
import { isRelation } from './renames.ts';

export interface Origin {
  readonly oid: number;
  /** By the column's name in lower case, as DuckDB compares names; columns beyond PostgreSQL's limit have none. */
  readonly attnums: ReadonlyMap<string, number>;
}

export class OriginMap {
  readonly #origins = new Map<string, Origin>();
  #version = 0;

  /** Another number whenever something may be found that was not before, or the other way round. */
  get version(): number {
    return this.#version;
  }

  /** @param schema and table as DuckDB knows them, in any case */
  find(schema: string, table: string): Origin | undefined {
    return this.#origins.get(keyOf(cutName(schema), table));
  }

  clear(): void {
    this.#origins.clear();
    this.#version++;
  }

  /** Reads relations' numbers back from the mirror. @param entries all that it should hold; others are forgotten */
  async read(
    mirror: MirrorPort,
    entries: Iterable<Entry>,
    changed: ReadonlySet<string> | undefined,
  ): Promise<void> {
    const relations = [...entries].map(({ object }) => object).filter(isRelation);
    const known = new Set(
      relations.map((relation) => keyOf(relation.schema, relation.source ?? relation.name)),
    );
    this.#version++;
    for (const key of this.#origins.keys()) if (!known.has(key)) this.#origins.delete(key);
    const wanted = relations.filter((relation) => changed?.has(relation.name) ?? true);
    if (wanted.length === 0) return;
    const names = changed === undefined ? '' : `AND c.relname IN (${[...changed].map(literal).join(', ')})`;
    const rows = await mirror.query(
      `SELECT n.nspname, c.relname, c.oid, pg_catalog.json_object_agg(a.attname, a.attnum) AS attnums
       FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
       JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       WHERE c.relkind IN ('r', 'v', 'f') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' ${names}
       GROUP BY 1, 2, 3`,
    );
    const found = new Map(rows.map((row) => [keyOf(row.nspname, row.relname, false), row]));
    for (const relation of wanted) {
      const key = keyOf(relation.schema, relation.source ?? relation.name);
      const row = found.get(keyOf(relation.schema, relation.name, false));
      if (row === undefined) {
        this.#origins.delete(key);
        continue;
      }
      const numbers = new Map(Object.entries(parseNumbers(row.attnums ?? '{}')));
      const attnums = new Map<string, number>();
      for (const column of relation.columns) {
        const attnum = numbers.get(column.name);
        if (attnum !== undefined) attnums.set((column.source ?? column.name).toLowerCase(), attnum);
      }
      this.#origins.set(key, { oid: Number(row.oid), attnums });
    }
    this.#version++;
  }
}

function keyOf(schema: string | null | undefined, name: string | null | undefined, fold = true): string {
  const key = JSON.stringify([schema, name]);
  return fold ? key.toLowerCase() : key;
}

function parseNumbers(json: string): Readonly<Record<string, number>> {
  return JSON.parse(json);
}
