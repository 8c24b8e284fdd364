/** Which names are PostgreSQL's, and which of its functions answer from the catalog, the session or the server. */
import {
  CATALOG_RELATIONS,
  FUNCTION_NAMES,
  INFORMATION_SCHEMA_RELATIONS,
  TYPE_NAMES,
} from './names.generated.ts';

/** Every relation has them, and none lists them. */
const SYSTEM_COLUMNS = ['ctid', 'tableoid', 'xmin', 'xmax', 'cmin', 'cmax'];

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

function relationsOf(text: string): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map(
    words(text).map((line) => {
      const [name = '', columns = ''] = line.split(':');
      return [name, new Set([...columns.split(','), ...SYSTEM_COLUMNS])];
    }),
  );
}

/** The columns of each relation, by schema and name. */
const RELATIONS: ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>> = new Map([
  ['pg_catalog', relationsOf(CATALOG_RELATIONS)],
  ['information_schema', relationsOf(INFORMATION_SCHEMA_RELATIONS)],
]);

const FUNCTIONS: ReadonlySet<string> = new Set(words(FUNCTION_NAMES));
const TYPES: ReadonlySet<string> = new Set(words(TYPE_NAMES));

/** What the grammar makes of COALESCE, GREATEST and their like is no function in the tree; these are. */
export function isPostgresFunction(name: string): boolean {
  return FUNCTIONS.has(name);
}

export function isPostgresType(name: string): boolean {
  return TYPES.has(name);
}

/**
 * The schema that a relation's name leads to when it is one of the catalog's, as PostgreSQL finds it: pg_catalog is
 * searched before every schema of the search path, so an unqualified pg_class is pg_catalog's whatever else exists.
 */
export function catalogSchemaOf(schema: string | undefined, name: string): string | undefined {
  if (schema === undefined) return RELATIONS.get('pg_catalog')?.has(name) ? 'pg_catalog' : undefined;
  return RELATIONS.has(schema) || schema === 'pg_toast' ? schema : undefined;
}

/** @returns undefined when PostgreSQL has no such relation */
export function columnsOf(schema: string, name: string): ReadonlySet<string> | undefined {
  return RELATIONS.get(schema)?.get(name);
}

/** pg_… functions that are not about the catalog: DuckDB has its own, which know its types. */
const ENGINE_FUNCTIONS = new Set(['pg_typeof', 'pg_size_pretty', 'pg_sleep', 'pg_timezone_names']);

/**
 * Functions that must not reach the mirror: they wait, read or write files, run a text as SQL in an empty database, or
 * change what belongs to every session.
 */
const FORBIDDEN =
  /^(?:pg_sleep|pg_ls_|pg_read_|pg_stat_file|pg_reload_conf|pg_rotate_|pg_switch_|pg_promote|pg_create_|pg_drop_|pg_backup_|pg_replication_|pg_wal_replay|pg_log_|pg_logical_|pg_copy_|pg_export_|pg_import_|pg_nextoid|pg_stop_|pg_stat_reset|pg_hba_|pg_current_logfile|lo_|loread|lowrite|binary_upgrade_|(?:query|table|cursor|schema|database)_to_xml|ts_stat|ts_rewrite|setval|nextval|currval|lastval|setseed|brin_|gin_clean)/;

export function isForbiddenInMirror(name: string): boolean {
  return FORBIDDEN.test(name);
}

const CATALOG_FUNCTION =
  /^(?:pg_.+|format_type|(?:obj|shobj|col)_description|has_\w+_privilege|to_reg[a-z]+|current_(?:user|role|catalog|schemas?|database|setting|query)|session_user|system_user|getpgusername|version|set_config|inet_(?:client|server)_(?:addr|port)|txid_\w+|getdatabaseencoding|row_security_active|aclexplode|acldefault|makeaclitem|oidvectortypes|amvalidate|_pg_\w+|get_current_ts_config|mxid_age|ts_token_type|ts_parse|ts_debug)$/;

/** Whether a function's answer depends on the catalog, the session or the server. */
export function isCatalogFunction(name: string): boolean {
  return (
    CATALOG_FUNCTION.test(name) &&
    !ENGINE_FUNCTIONS.has(name) &&
    (isPostgresFunction(name) || name === 'current_role' || name === 'current_catalog')
  );
}

/** Words of the grammar for types that are called otherwise. */
const INTERNAL_NAMES: ReadonlyMap<string, string> = new Map([
  ['smallint', 'int2'],
  ['int', 'int4'],
  ['integer', 'int4'],
  ['bigint', 'int8'],
  ['real', 'float4'],
  ['float', 'float8'],
  ['boolean', 'bool'],
  ['decimal', 'numeric'],
  ['dec', 'numeric'],
  ['char', 'bpchar'],
]);

/** What pg_type calls it, and PostgreSQL the column of a value that is cast to it. */
export function internalTypeName(name: string): string {
  return INTERNAL_NAMES.get(name) ?? name;
}

const CATALOG_TYPE =
  /^reg(?:class|proc|procedure|oper|operator|type|namespace|role|config|dictionary|collation)$/;

/** Types whose texts are names that only the catalog can look up. */
export function isCatalogType(name: string): boolean {
  return CATALOG_TYPE.test(name);
}

/**
 * Finds, without reading the grammar, whether a text may have to do with the catalog or the session: 0.1 µs for a point
 * SELECT, 2 ms for a megabyte. It may be wrong in one direction only: strings and comments count as well.
 */
const MENTION =
  /\b(?:pg_[a-z]|information_schema\b|reg(?:class|proc|oper|type|namespace|role|config|dictionary|collation)|to_reg[a-z]|current_(?:user|role|catalog|schema|database|setting|query)|session_user\b|system_user\b|version\s*\(|set_config\b|format_type\b|(?:obj|shobj|col)_description\b|has_[a-z_]+_privilege\b|inet_(?:client|server)_|txid_|getdatabaseencoding\b|getpgusername\b|row_security_active\b|acl(?:explode|default)\b|oidvectortypes\b|mxid_age\b|ts_token_type\b)/i;

/** False: the statement is DuckDB's alone. True: `routeOf` tells. */
export function mentionsCatalog(sql: string): boolean {
  return MENTION.test(sql);
}
