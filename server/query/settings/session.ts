/** What clients ask for when they connect: formats, names, timeouts and the transaction. Most of these take effect. */
import { category, type Normalised, ON_OFF, type SettingDefinition } from './definition.ts';
import {
  normaliseApplicationName,
  normaliseClientEncoding,
  normaliseDateStyle,
  normaliseTimeZone,
} from './normalise.ts';

const behavior = category('Client Connection Defaults / Statement Behavior');
const locale = category('Client Connection Defaults / Locale and Formatting');
const preload = category('Client Connection Defaults / Shared Library Preloading');
const logging = category('Reporting and Logging / What to Log');
const compatibility = category('Version and Platform Compatibility / Previous PostgreSQL Versions');
const preset = category('Preset Options');
const durability = category('Write-Ahead Log / Settings');
const security = category('Connections and Authentication / SSL');
const ungrouped = category('Ungrouped');
const own = category('Customized Options');

const ISOLATION_LEVELS = ['serializable', 'repeatable read', 'read committed', 'read uncommitted'];
const MAX_INT = 2_147_483_647;

/** The only tablespace and access method there are; empty stands for the database's own. */
const only =
  (what: string, ...known: readonly string[]) =>
  (value: string): Normalised =>
    known.includes(value) ? { ok: true, value } : { ok: false, detail: `${what} "${value}" does not exist.` };

/** Backslashes in plain strings are characters: DuckDB reads no others. */
const onlyOn = (value: string): Normalised =>
  /^(on|true|yes|1|t|y)$/i.test(value.trim())
    ? { ok: true, value: 'on' }
    : {
        ok: false,
        unsupported: true,
        detail: 'The engine reads backslashes in plain strings as characters.',
      };

/** PostgreSQL's reported parameters first, in the order in which it sends them. */
export const sessionSettings: readonly SettingDefinition[] = [
  logging.text('application_name', '', 'Sets the application name to be reported in statistics and logs.', {
    report: true,
    effect: 'session',
    normalise: normaliseApplicationName,
  }),
  locale.text('client_encoding', 'UTF8', "Sets the client's character set encoding.", {
    report: true,
    effect: 'session',
    normalise: normaliseClientEncoding,
  }),
  locale.text('DateStyle', 'ISO, MDY', 'Sets the display format for date and time values.', {
    report: true,
    list: true,
    normalise: normaliseDateStyle,
  }),
  behavior.bool(
    'default_transaction_read_only',
    'off',
    'Sets the default read-only status of new transactions.',
    {
      report: true,
      effect: 'session',
    },
  ),
  preset.bool('in_hot_standby', 'off', 'Shows whether hot standby is currently active.', {
    report: true,
    context: 'internal',
  }),
  preset.bool('integer_datetimes', 'on', 'Shows whether datetimes are integer based.', {
    report: true,
    context: 'internal',
  }),
  locale.oneOf(
    'IntervalStyle',
    'postgres',
    ['postgres', 'postgres_verbose', 'sql_standard', 'iso_8601'],
    'Sets the display format for interval values.',
    { report: true, effect: 'session' },
  ),
  ungrouped.bool('is_superuser', 'off', 'Shows whether the current user is a superuser.', {
    report: true,
    context: 'internal',
    hidden: true,
  }),
  locale.text('server_encoding', 'UTF8', 'Shows the server (database) character set encoding.', {
    report: true,
    context: 'internal',
  }),
  preset.text('server_version', '16.4', 'Shows the server version.', { report: true, context: 'internal' }),
  ungrouped.text('session_authorization', '', 'Sets the session user name.', {
    report: true,
    hidden: true,
    keptByResetAll: true,
    effect: 'session',
  }),
  compatibility.text(
    'standard_conforming_strings',
    'on',
    "Causes '...' strings to treat backslashes literally.",
    {
      report: true,
      normalise: onlyOn,
    },
  ),
  locale.text('TimeZone', 'UTC', 'Sets the time zone for displaying and interpreting time stamps.', {
    report: true,
    effect: 'session',
    normalise: normaliseTimeZone,
  }),
  preset.int('server_version_num', 160004, [160004, 160004], 'Shows the server version as an integer.', {
    context: 'internal',
  }),
  behavior.text(
    'search_path',
    '"$user", public',
    'Sets the schema search order for names that are not schema-qualified.',
    { list: true, quotes: true, effect: 'session' },
  ),
  behavior.int('statement_timeout', 0, [0, MAX_INT], 'Sets the maximum allowed duration of any statement.', {
    unit: 'ms',
    effect: 'session',
  }),
  behavior.int('lock_timeout', 0, [0, MAX_INT], 'Sets the maximum allowed duration of any wait for a lock.', {
    unit: 'ms',
    effect: 'session',
  }),
  behavior.int(
    'idle_in_transaction_session_timeout',
    0,
    [0, MAX_INT],
    'Sets the maximum allowed idle time between queries, when in a transaction.',
    { unit: 'ms', effect: 'session' },
  ),
  behavior.int(
    'idle_session_timeout',
    0,
    [0, MAX_INT],
    'Sets the maximum allowed idle time between queries, when not in a transaction.',
    { unit: 'ms', effect: 'session' },
  ),
  locale.int(
    'extra_float_digits',
    1,
    [-15, 3],
    'Sets the number of digits displayed for floating-point values.',
  ),
  behavior.oneOf('bytea_output', 'hex', ['escape', 'hex'], 'Sets the output format for bytea.', {
    effect: 'session',
  }),
  behavior.oneOf(
    'client_min_messages',
    'notice',
    ['debug5', 'debug4', 'debug3', 'debug2', 'debug1', 'log', 'notice', 'warning', 'error'],
    'Sets the message levels that are sent to the client.',
    { also: { debug: 'debug2', info: 'info' }, effect: 'session' },
  ),
  behavior.oneOf(
    'transaction_isolation',
    'read committed',
    ISOLATION_LEVELS,
    "Sets the current transaction's isolation level.",
    { keptByResetAll: true, effect: 'session' },
  ),
  behavior.bool('transaction_read_only', 'off', "Sets the current transaction's read-only status.", {
    keptByResetAll: true,
    effect: 'session',
  }),
  behavior.bool(
    'transaction_deferrable',
    'off',
    'Whether to defer a read-only serializable transaction until it can be executed with no possible serialization failures.',
    { keptByResetAll: true },
  ),
  behavior.oneOf(
    'default_transaction_isolation',
    'read committed',
    ISOLATION_LEVELS,
    'Sets the transaction isolation level of each new transaction.',
    { effect: 'session' },
  ),
  behavior.bool(
    'default_transaction_deferrable',
    'off',
    'Sets the default deferrable status of new transactions.',
  ),
  behavior.bool('row_security', 'on', 'Enable row security.'),
  behavior.bool(
    'check_function_bodies',
    'on',
    'Check routine bodies during CREATE FUNCTION and CREATE PROCEDURE.',
  ),
  behavior.oneOf(
    'xmloption',
    'content',
    ['content', 'document'],
    'Sets whether XML data in implicit parsing and serialization operations is to be considered as documents or content fragments.',
  ),
  behavior.oneOf(
    'xmlbinary',
    'base64',
    ['base64', 'hex'],
    'Sets how binary values are to be encoded in XML.',
  ),
  behavior.text('default_tablespace', '', 'Sets the default tablespace to create tables and indexes in.', {
    normalise: only('Tablespace', '', 'pg_default'),
  }),
  behavior.text(
    'temp_tablespaces',
    '',
    'Sets the tablespace(s) to use for temporary tables and sort files.',
    {
      list: true,
      quotes: true,
      normalise: only('Tablespace', '', 'pg_default', '""'),
    },
  ),
  behavior.text(
    'default_table_access_method',
    'heap',
    'Sets the default table access method for new tables.',
    {
      normalise: only('Table access method', 'heap'),
    },
  ),
  behavior.text('role', 'none', 'Sets the current role.', {
    hidden: true,
    keptByResetAll: true,
    effect: 'session',
  }),
  durability.oneOf(
    'synchronous_commit',
    'on',
    ['local', 'remote_write', 'remote_apply', 'on', 'off'],
    "Sets the current transaction's synchronization level.",
    { also: ON_OFF },
  ),
  compatibility.bool(
    'escape_string_warning',
    'on',
    'Warn about backslash escapes in ordinary string literals.',
  ),
  locale.text('default_text_search_config', 'pg_catalog.english', 'Sets default text search configuration.'),
  locale.text('timezone_abbreviations', 'Default', 'Selects a file of time zone abbreviations.', {
    normalise: (value) => (/^(default|australia|india)$/i.test(value) ? { ok: true, value } : { ok: false }),
  }),
  preload.text(
    'local_preload_libraries',
    '',
    'Lists unprivileged shared libraries to preload into each backend.',
    {},
  ),
  security.int(
    'ssl_renegotiation_limit',
    0,
    [0, 0],
    'SSL renegotiation is no longer supported; this can only be 0.',
    {
      hidden: true,
    },
  ),
  own.oneOf(
    'sqlens.on_error',
    'null',
    ['null', 'fail'],
    'Whether an input that cannot be answered gives NULL or fails the statement.',
    { effect: 'session' },
  ),
];
