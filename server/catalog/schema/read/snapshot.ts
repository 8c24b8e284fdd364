/** What a DuckDB connection sees, as the objects that the mirror is to hold. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { unreachable } from '../../../../common/errors.ts';
import { type Entry, entryOf, type State } from '../entry.ts';
import { cutName, NameSpace, qualified } from '../names.ts';
import { idOf, rankOf, type SchemaObject } from '../objects/index.ts';
import { isReserved } from '../objects/namespace.ts';
import { Pace } from '../pace.ts';
import { postgresType } from '../type-text.ts';
import { readFunctions } from './functions.ts';
import { readConstraint, readIndex } from './of-tables.ts';
import { optional, type Placement, type Relation, readTable, readView } from './relations.ts';
import { readJson } from './rows.ts';
import {
  CATALOG_STATEMENT,
  type ColumnRow,
  type ColumnsRow,
  type ConstraintRow,
  type FunctionRow,
  type IndexRow,
  type MacroRow,
  parseCatalogRow,
  type SequenceRow,
  type TableRow,
  type TypeRow,
  type ViewRow,
} from './statement.ts';

/** Where temporary objects stand: in PostgreSQL every session has a schema of that name. */
export const TEMPORARY_SCHEMA = 'pg_temp';

/** Reads all in one statement: in the connection's transaction where there is one, else as committed. */
export async function readSnapshot(connection: DuckDBConnection): Promise<State> {
  const rows = (await readJson(connection, CATALOG_STATEMENT, parseCatalogRow)).filter(
    (row) => !('schema' in row) || row.temporary || !isReserved(row.schema),
  );
  const building = new Building();
  const types: TypeRow[] = [];
  for (const row of rows) {
    switch (row.kind) {
      case 'schema':
        building.add({ kind: 'schema', schema: cutName(row.name), name: cutName(row.name) });
        break;
      case 'table':
      case 'view':
        building.relations.push(row);
        break;
      case 'columns':
        building.addColumns(row);
        break;
      case 'constraint':
        building.constraints.push(row);
        break;
      case 'index':
        building.indexes.push(row);
        break;
      case 'sequence':
        building.sequences.push(row);
        break;
      case 'type':
        types.push(row);
        break;
      case 'macro':
        building.macros.push(row);
        break;
      case 'function':
        building.functions.push(row);
        break;
      default:
        unreachable(row);
    }
  }
  await building.addRelations();
  building.addSequences();
  building.addTypes(types, await typesBehind(connection, types));
  await building.addParts();
  for (const fn of readFunctions(building.functions, building.macros)) building.add(fn);
  return building.finish();
}

/** Texts of the types behind names that are no ENUMs: duckdb_types() tells only their class. */
async function typesBehind(
  connection: DuckDBConnection,
  types: readonly TypeRow[],
): Promise<ReadonlyMap<TypeRow, string>> {
  const aliases = types.filter((type) => type.labels === null);
  if (aliases.length === 0) return new Map();
  const list = aliases.map((type) => {
    const name = type.temporary
      ? `temp.${qualified(type.schema, type.name)}`
      : qualified(type.schema, type.name);
    return `system.main.typeof(NULL::${name})`;
  });
  const sql = `SELECT system.main.to_json(system.main.list_value(${list.join(', ')}))::VARCHAR`;
  const [texts] = await readJson(connection, sql, (text) => {
    const parsed: readonly string[] = JSON.parse(text);
    return parsed;
  });
  return new Map(aliases.map((type, at) => [type, texts?.[at] ?? '']));
}

class Building {
  readonly #pace = new Pace();
  readonly relations: (TableRow | ViewRow)[] = [];
  readonly constraints: ConstraintRow[] = [];
  readonly indexes: IndexRow[] = [];
  readonly sequences: SequenceRow[] = [];
  readonly macros: MacroRow[] = [];
  readonly functions: FunctionRow[] = [];
  readonly #columns = new Map<string, readonly ColumnRow[]>();
  readonly #byOid = new Map<string, Relation>();
  readonly #relationNames = new Map<string, NameSpace>();
  readonly #typeNames = new Map<string, NameSpace>();
  readonly #objects = new Map<string, SchemaObject>();
  readonly #oids = new Map<string, number>();

  add(object: SchemaObject): void {
    this.#objects.set(idOf(object), object);
  }

  addColumns(row: ColumnsRow): void {
    this.#columns.set(oidKey(row), row.columns);
  }

  async addRelations(): Promise<void> {
    for (const row of this.relations) {
      if (this.#pace.isDue) await this.#pace.rest();
      const columns = this.#columns.get(oidKey(row));
      // Means of the server's own in a session; and views that DuckDB has not looked into yet.
      if (columns === undefined || (row.temporary && row.name.startsWith('__'))) continue;
      const place = this.#place(row);
      const relation = row.kind === 'table' ? readTable(row, columns, place) : readView(row, columns, place);
      this.#names(this.#typeNames, place.schema).take(place.name);
      this.#byOid.set(oidKey(row), relation);
      this.add(relation);
      this.#oids.set(idOf(relation), row.oid);
    }
  }

  addSequences(): void {
    for (const row of this.sequences) {
      const { start, min, max, increment, cycle } = row;
      const properties = { start, min, max, increment, cycle, ...optional('comment', row.comment) };
      const place = this.#place(row);
      this.#names(this.#typeNames, place.schema).take(place.name);
      this.add({ kind: 'sequence', ...place, ...properties });
    }
  }

  addTypes(types: readonly TypeRow[], behind: ReadonlyMap<TypeRow, string>): void {
    for (const row of types) {
      const schema = schemaOf(row);
      const place = { schema, name: this.#names(this.#typeNames, schema).claim(row.name) };
      const comment = optional('comment', row.comment);
      if (row.labels === null) {
        this.add({ kind: 'domain', ...place, type: postgresType(behind.get(row) ?? ''), ...comment });
        continue;
      }
      const labels = new NameSpace();
      this.add({
        kind: 'enum',
        ...place,
        labels: row.labels.map((label) => labels.claim(label)),
        ...comment,
      });
    }
  }

  /** Indexes take their names before constraints, whose names are ours to choose. */
  async addParts(): Promise<void> {
    await this.#pace.rest();
    for (const row of this.indexes) {
      const table = this.#byOid.get(oidKey(row));
      if (table?.kind === 'table') this.add(readIndex(row, table, this.#place(row)));
    }
    const bySource = new Map(
      [...this.#byOid.values()].map((relation) => [
        qualified(relation.schema, relation.source ?? relation.name),
        relation,
      ]),
    );
    for (const row of this.constraints) {
      const table = this.#byOid.get(oidKey(row));
      if (table?.kind !== 'table') continue;
      const names = this.#names(this.#relationNames, table.schema);
      const referenced =
        row.referenced === null ? undefined : bySource.get(qualified(table.schema, row.referenced));
      if (this.#pace.isDue) await this.#pace.rest();
      const constraint = readConstraint(row, table, referenced, names);
      if (constraint === undefined) continue;
      // The same CHECK may be written twice.
      let nth = 0;
      let counted = constraint;
      while (this.#objects.has(idOf(counted))) counted = { ...constraint, nth: ++nth };
      this.add(counted);
    }
  }

  /** In the order in which they can be made. */
  async finish(): Promise<State> {
    const objects = [...this.#objects.values()];
    // DuckDB's own default schema shows only when someone has put something there.
    const isUsed = objects.some((object) => object.kind !== 'schema' && object.schema === 'main');
    const shown = objects.filter((object) => object.kind !== 'schema' || object.name !== 'main' || isUsed);
    const entries = new Map<string, Entry>();
    for (const object of shown.sort((a, b) => rankOf(a) - rankOf(b))) {
      if (this.#pace.isDue) await this.#pace.rest();
      const entry = entryOf(object);
      entries.set(entry.id, entry);
    }
    return { entries, oids: this.#oids };
  }

  #place(row: { readonly schema: string; readonly temporary: boolean; readonly name: string }): Placement {
    const schema = schemaOf(row);
    return { schema, name: this.#names(this.#relationNames, schema).claim(row.name) };
  }

  #names(spaces: Map<string, NameSpace>, schema: string): NameSpace {
    const names = spaces.get(schema) ?? new NameSpace();
    spaces.set(schema, names);
    return names;
  }
}

function schemaOf(row: { readonly schema: string; readonly temporary: boolean }): string {
  return row.temporary ? TEMPORARY_SCHEMA : cutName(row.schema);
}

/** Numbers of the temporary database are its own. */
function oidKey(row: { readonly oid: number; readonly temporary: boolean }): string {
  return `${row.temporary ? 'temp' : 'store'} ${row.oid}`;
}
