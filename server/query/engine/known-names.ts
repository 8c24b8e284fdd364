/** Which relations, functions and schemas the engine has by name: what tells users' things from the catalog's. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { KnownNames } from '../../catalog/routing/uses.ts';

export class EngineNames implements KnownNames {
  readonly #relations: ReadonlySet<string>;
  readonly #functions: ReadonlySet<string>;
  readonly #schemas: ReadonlySet<string>;

  private constructor(rows: readonly (readonly [kind: string, schema: string, name: string])[]) {
    const names = (wanted: string) => rows.filter(([kind]) => kind === wanted);
    this.#relations = new Set(names('relation').flatMap(([, schema, name]) => [name, `${schema}\0${name}`]));
    this.#functions = new Set(names('function').map(([, , name]) => name));
    this.#schemas = new Set(names('schema').map(([, schema]) => schema));
  }

  /** @param connection sees its own temporary objects and uncommitted definitions too */
  static async read(connection: DuckDBConnection): Promise<EngineNames> {
    const result = await connection.runAndReadAll(`
      SELECT 'relation', lower(schema_name), lower(table_name) FROM duckdb_tables()
      UNION ALL SELECT 'relation', lower(schema_name), lower(view_name) FROM duckdb_views() WHERE NOT internal
      UNION ALL SELECT 'function', lower(schema_name), lower(function_name) FROM duckdb_functions() WHERE NOT internal
      UNION ALL SELECT 'schema', schema_name, '' FROM duckdb_schemas() WHERE NOT internal`);
    return new EngineNames(
      result.getRows().map(([kind, schema, name]) => [String(kind), String(schema), String(name)]),
    );
  }

  isUserRelation(schema: string | undefined, name: string): boolean {
    const key = schema === undefined ? name : `${schema}\0${name}`;
    return this.#relations.has(key.toLowerCase());
  }

  isUserFunction(name: string): boolean {
    return this.#functions.has(name.toLowerCase());
  }

  hasSchema(name: string): boolean {
    return this.#schemas.has(name);
  }
}

/** The names that everybody sees, read again after a definition was committed. */
export class NamesCache {
  #names: Promise<EngineNames> | undefined;

  changed(): void {
    this.#names = undefined;
  }

  /** @param read how to read them anew */
  current(read: () => Promise<EngineNames>): Promise<EngineNames> {
    if (this.#names === undefined) {
      const reading = read();
      this.#names = reading;
      reading.catch(() => {
        if (this.#names === reading) this.#names = undefined;
      });
    }
    return this.#names;
  }
}
