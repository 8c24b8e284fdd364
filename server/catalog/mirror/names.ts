/**
 * Names that the mirror's owner, its sessions and its bootstrap agree on.
 *
 * What is ours inside the mirror stands in the schema pg_toast: psql, JDBC and the other clients leave that one out of
 * every list, so that they show what they would show of PostgreSQL itself. Nobody but the superuser may use the schema;
 * functions and views reach into it, statements cannot.
 */

/** The database that clients see. */
export const DATABASE_NAME = 'sqlens';

/** The superuser that initdb makes, renamed: clients hide names that begin so, and no login can have one. */
export const SUPERUSER_NAME = 'pg_sqlens';

/** The group that owns the objects of users, and the one that only reads them. */
export const ADMIN_ROLE = 'admin';
export const ANALYST_ROLE = 'analyst';

/** Schema of what is ours. */
export const OWN_SCHEMA = 'pg_toast';

/**
 * Definitions that differ from what PostgreSQL would print of the mirror: the text of a view, a default, a constraint,
 * an index or a function in SQLens' own SQL. Columns: classoid oid, objoid oid, objsubid int4, kind text, definition text.
 * `kind` is 'view', 'expr', 'constraint', 'index', 'function' or 'rule'; the key is (classoid, objoid, objsubid).
 */
export const DEFINITIONS_TABLE = 'pg_toast.sqlens_definitions';

/** Settings of the server (max_connections, port …) in the columns of pg_settings, in place of PGlite's own. */
export const SETTINGS_TABLE = 'pg_toast.sqlens_settings';

/**
 * Settings that a request's prologue may set (`SELECT set_config(name, value, true)`), each optional. JSON ones are arrays
 * of objects whose keys are the view's columns; what is missing is null. They need to be passed only with statements
 * that mention the view.
 */
export const SESSION_SETTINGS = {
  /** What pg_backend_pid() says. */
  processId: 'sqlens_mirror.pid',
  clientAddress: 'sqlens_mirror.client_addr',
  clientPort: 'sqlens_mirror.client_port',
  serverAddress: 'sqlens_mirror.server_addr',
  serverPort: 'sqlens_mirror.server_port',
  /** What pg_postmaster_start_time() and pg_conf_load_time() say, a timestamp with time zone. */
  serverStart: 'sqlens_mirror.server_start',
  /** JSON: what current_setting() says, by name in lower case. */
  values: 'sqlens_mirror.values',
  /** JSON: the rows of pg_settings; only these are shown then. Columns not given are those PostgreSQL has. */
  settings: 'sqlens_mirror.settings',
  /** JSON: the users of the sessions there are, by process id; for functions that end or interrupt one. */
  backends: 'sqlens_mirror.backends',
  /** JSON: the rows of pg_stat_activity. */
  activity: 'sqlens_mirror.activity',
  /** JSON: the rows of pg_prepared_statements. */
  preparedStatements: 'sqlens_mirror.prepared_statements',
  /** JSON: the rows of pg_cursors. */
  cursors: 'sqlens_mirror.cursors',
} as const;

/**
 * SQLSTATE of a notice that asks for something only the session can do, once the statement has succeeded. Its message is a
 * JSON array: ["cancel", pid], ["terminate", pid], ["notify", channel, payload] or ["set", name, value, is local].
 */
export const EFFECT_SQLSTATE = 'SQ001';

/** Kept by the mirror itself: the OIDs of all objects that have a stored definition, each between two spaces. */
export const DEFINED_SETTING = 'sqlens_mirror.defined';
