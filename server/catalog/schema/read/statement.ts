/**
 * The one SELECT that reads all of DuckDB's catalog that the mirror shows. One statement sees one state, whatever else
 * commits meanwhile, and inside a session's transaction it sees what that has not committed. Every row is a JSON text: a
 * table's columns as one value cost the event loop a fraction of what a row for each would.
 */

/** Functions by their full names: users' macros may have taken the short ones. */
const OWN = 'system.main.';
/** Names are quoted: sessions may run with preserve_identifier_case = false, which folds others to lower case. */
const json = (...fields: readonly string[]) =>
  `${OWN}to_json(${OWN}struct_pack(${fields.map((field) => field.replace(/^(\w+) :=/, '"$1" :=')).join(', ')}))::VARCHAR`;

const HIDDEN_SCHEMAS = "('sqlens_internal', 'information_schema', 'pg_catalog')";
const IS_SHOWN = `NOT internal AND database_name <> 'system' AND schema_name NOT IN ${HIDDEN_SCHEMAS}`;
const IS_TEMPORARY = "database_name = 'temp'";

export interface SchemaRow {
  readonly kind: 'schema';
  readonly name: string;
}

/** Of what is in a schema, or temporary. */
interface Placed {
  readonly schema: string;
  readonly temporary: boolean;
  readonly name: string;
  readonly comment: string | null;
}

export interface ColumnRow {
  readonly n: string;
  readonly t: string;
  /** Whether NULL is allowed. */
  readonly o: boolean;
  readonly d: string | null;
  readonly c: string | null;
}

export interface TableRow extends Placed {
  readonly kind: 'table';
  readonly oid: number;
  /** Only of tables with generated columns. */
  readonly sql: string | null;
  readonly uris: readonly string[] | null;
}

export interface ViewRow extends Placed {
  readonly kind: 'view';
  readonly oid: number;
  readonly sql: string;
}

export interface ColumnsRow {
  readonly kind: 'columns';
  readonly oid: number;
  readonly temporary: boolean;
  readonly columns: readonly ColumnRow[];
}

export interface ConstraintRow {
  readonly kind: 'constraint';
  readonly oid: number;
  readonly temporary: boolean;
  readonly type: string;
  readonly expression: string | null;
  readonly columns: readonly string[];
  readonly referenced: string | null;
  readonly referencedColumns: readonly string[] | null;
}

export interface IndexRow extends Placed {
  readonly kind: 'index';
  readonly oid: number;
  readonly unique: boolean;
  readonly sql: string;
}

export interface SequenceRow extends Placed {
  readonly kind: 'sequence';
  readonly start: string;
  readonly min: string;
  readonly max: string;
  readonly increment: string;
  readonly cycle: boolean;
}

export interface TypeRow extends Placed {
  readonly kind: 'type';
  readonly labels: readonly string[] | null;
}

export interface MacroRow extends Placed {
  readonly kind: 'macro';
  readonly isTable: boolean;
  readonly parameters: readonly string[];
  readonly types: readonly (string | null)[];
  readonly body: string;
}

/** A row of sqlens.functions: models' functions and SQLens' own. */
export interface FunctionRow {
  readonly kind: 'function';
  readonly name: string;
  readonly arguments: string;
  readonly returns: string;
  readonly model: string | null;
}

export type CatalogRow =
  | SchemaRow
  | TableRow
  | ViewRow
  | ColumnsRow
  | ConstraintRow
  | IndexRow
  | SequenceRow
  | TypeRow
  | MacroRow
  | FunctionRow;

const placed = (name: string) => [
  'schema := schema_name',
  `temporary := ${IS_TEMPORARY}`,
  `name := ${name}`,
  'comment := comment',
];

/** The order of rows is that of their making, which oids tell. */
const PARTS: readonly string[] = [
  `SELECT 0 AS part, oid AS made, ${json("kind := 'schema'", 'name := schema_name')} AS j
   FROM ${OWN}duckdb_schemas() WHERE ${IS_SHOWN} AND NOT ${IS_TEMPORARY}`,
  `SELECT 1, type_oid, ${json("kind := 'type'", ...placed('type_name'), 'labels := labels')}
   FROM ${OWN}duckdb_types() WHERE ${IS_SHOWN}`,
  `SELECT 2, sequence_oid, ${json(
    "kind := 'sequence'",
    ...placed('sequence_name'),
    'start := start_value::VARCHAR',
    'min := min_value::VARCHAR',
    'max := max_value::VARCHAR',
    'increment := increment_by::VARCHAR',
    'cycle := cycle',
  )}
   FROM ${OWN}duckdb_sequences() WHERE database_name <> 'system' AND schema_name NOT IN ${HIDDEN_SCHEMAS}`,
  `SELECT 3, table_oid, ${json(
    "kind := 'table'",
    'schema := t.schema_name',
    `temporary := ${IS_TEMPORARY}`,
    'name := table_name',
    'comment := comment',
    'oid := table_oid',
    `sql := CASE WHEN ${OWN}contains(sql, 'GENERATED ALWAYS AS') THEN sql END`,
    'uris := images.uris',
  )}
   FROM ${OWN}duckdb_tables() AS t LEFT JOIN sqlens_internal.image_tables AS images
     ON images.schema_name = t.schema_name AND images.name = t.table_name AND NOT ${IS_TEMPORARY}
   WHERE ${IS_SHOWN.replace(' schema_name', ' t.schema_name')}`,
  `SELECT 4, view_oid, ${json("kind := 'view'", ...placed('view_name'), 'oid := view_oid', 'sql := sql')}
   FROM ${OWN}duckdb_views() WHERE ${IS_SHOWN}`,
  `SELECT 5, table_oid, ${json(
    "kind := 'columns'",
    'oid := table_oid',
    'temporary := temporary',
    `columns := ${OWN}list(${OWN}struct_pack(n := column_name, t := data_type, o := is_nullable, d := column_default, c := comment) ORDER BY column_index)`,
  )}
   FROM (SELECT *, ${IS_TEMPORARY} AS temporary FROM ${OWN}duckdb_columns() WHERE ${IS_SHOWN}) AS shown
   GROUP BY table_oid, temporary`,
  `SELECT 6, constraint_index, ${json(
    "kind := 'constraint'",
    'oid := table_oid',
    `temporary := ${IS_TEMPORARY}`,
    'type := constraint_type',
    'expression := expression',
    'columns := constraint_column_names',
    'referenced := referenced_table',
    'referencedColumns := referenced_column_names',
  )}
   FROM ${OWN}duckdb_constraints()
   WHERE constraint_type <> 'NOT NULL' AND database_name <> 'system' AND schema_name NOT IN ${HIDDEN_SCHEMAS}`,
  `SELECT 7, index_oid, ${json("kind := 'index'", ...placed('index_name'), 'oid := table_oid', 'unique := is_unique', 'sql := sql')}
   FROM ${OWN}duckdb_indexes() WHERE database_name <> 'system' AND schema_name NOT IN ${HIDDEN_SCHEMAS}`,
  `SELECT 8, function_oid, ${json(
    "kind := 'macro'",
    ...placed('function_name'),
    "isTable := function_type = 'table_macro'",
    'parameters := parameters',
    'types := parameter_types',
    'body := macro_definition',
  )}
   FROM ${OWN}duckdb_functions()
   WHERE ${IS_SHOWN} AND function_type IN ('macro', 'table_macro') AND NOT ${OWN}starts_with(function_name, '__')`,
  `SELECT 9, 0, ${json("kind := 'function'", 'name := name', 'arguments := arguments', 'returns := "returns"', 'model := model')}
   FROM sqlens.functions`,
];

export const CATALOG_STATEMENT = `SELECT j FROM (${PARTS.join('\nUNION ALL ')}) ORDER BY part, made`;

/** How many temporary objects a session has: cheap, unlike the whole. */
export const TEMPORARY_STATEMENT = `SELECT ${OWN}to_json(
  (SELECT ${OWN}count(*) FROM ${OWN}duckdb_tables() WHERE temporary)
  + (SELECT ${OWN}count(*) FROM ${OWN}duckdb_views() WHERE temporary AND NOT internal))::VARCHAR`;

export function parseCatalogRow(text: string): CatalogRow {
  const row: CatalogRow = JSON.parse(text);
  return row;
}
