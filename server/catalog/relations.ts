/**
 * What there is, as one DuckDB subquery that every recogniser reads: tables, views, image tables, sequences and
 * indexes with the oids, names and kinds that PostgreSQL's pg_class has.
 */

/** Schemas that only a query which asks for system objects sees. */
const HIDDEN_SCHEMAS = "('main', 'sqlens_internal', 'information_schema', 'pg_catalog')";

export function isUserSchema(schema: string): string {
  return `${schema} NOT IN ${HIDDEN_SCHEMAS}`;
}

/** Objects of ours or of the user's, in the file or in this session's temporary database. */
const OWN = "database_name <> 'system' AND NOT internal";
const SYSTEM_VIEW =
  "database_name = 'system' AND internal AND schema_name IN ('information_schema', 'pg_catalog')";
const SCHEMA = "CASE WHEN database_name = 'temp' THEN 'pg_temp' ELSE schema_name END";

/** The name of what UNIQUE and PRIMARY KEY keep their rows in; DuckDB lists it only as a constraint. */
const KEY_INDEXES = `
  SELECT NULL::BIGINT, ${SCHEMA}, constraint_name, 'i', database_name = 'temp', NULL::VARCHAR, NULL::BIGINT,
         false, 0, table_oid, table_name, NULL::VARCHAR
  FROM duckdb_constraints()
  WHERE constraint_type IN ('PRIMARY KEY', 'UNIQUE') AND database_name <> 'system'`;

const BASE = `
  SELECT table_oid AS oid, ${SCHEMA} AS nspname, table_name AS relname, 'r' AS relkind, temporary AS is_temporary,
         comment AS description, estimated_size AS row_count,
         has_primary_key OR index_count > 0 AS has_index, check_constraint_count AS check_count,
         NULL::BIGINT AS parent_oid, NULL::VARCHAR AS parent_name, NULL::VARCHAR AS definition
  FROM duckdb_tables() WHERE ${OWN}
  UNION ALL
  SELECT view_oid, ${SCHEMA}, view_name, 'v', temporary, comment, NULL, false, 0, NULL, NULL,
         rtrim(regexp_replace(sql, '^CREATE.*? VIEW .*? AS ', ' ', 's'), ';') || ';'
  FROM duckdb_views() WHERE (${OWN}) OR (${SYSTEM_VIEW})
  UNION ALL
  SELECT sequence_oid, ${SCHEMA}, sequence_name, 'S', temporary, comment, NULL, false, 0, NULL, NULL, NULL
  FROM duckdb_sequences() WHERE database_name <> 'system'
  UNION ALL
  SELECT index_oid, ${SCHEMA}, index_name, 'i', database_name = 'temp', comment, NULL, false, 0, table_oid,
         table_name, NULL
  FROM duckdb_indexes() WHERE database_name <> 'system'
  UNION ALL ${KEY_INDEXES}`;

/**
 * Columns: oid, nspname, relname, relkind (r, v, f for an image table, S, i), is_temporary, description, row_count,
 * has_index, check_count, parent_oid and parent_name (an index's table), definition (a view's SELECT), is_visible
 * (found without a schema in front of its name).
 */
export const RELATIONS = `(
  SELECT named.* REPLACE (CASE WHEN image.name IS NULL OR relkind NOT IN ('r', 'v') THEN relkind ELSE 'f' END AS relkind),
         path_position IS NOT NULL
           AND path_position = min(path_position) OVER (PARTITION BY lower(relname)) AS is_visible
  FROM (SELECT *, CASE nspname WHEN 'pg_temp' THEN 0 WHEN 'pg_catalog' THEN 1
                    ELSE 1 + list_position(current_schemas(false), nspname) END AS path_position
        FROM (${BASE})) AS named
  LEFT JOIN sqlens.image_tables AS image
    ON lower(image.schema) = lower(nspname) AND lower(image.name) = lower(relname)
)`;

/** A relation's name as \`regclass\` prints it: with its schema where it is not visible. */
export const REGCLASS = "CASE WHEN is_visible THEN relname ELSE nspname || '.' || relname END";
