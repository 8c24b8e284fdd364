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
  logging.text('application_name', '', {
    report: true,
    effect: 'session',
    normalise: normaliseApplicationName,
  }),
  locale.text('client_encoding', 'UTF8', {
    report: true,
    effect: 'session',
    normalise: normaliseClientEncoding,
  }),
  locale.text('DateStyle', 'ISO, MDY', {
    report: true,
    list: true,
    normalise: normaliseDateStyle,
  }),
  behavior.bool('default_transaction_read_only', 'off', {
    report: true,
    effect: 'session',
  }),
  preset.bool('in_hot_standby', 'off', {
    report: true,
    context: 'internal',
  }),
  preset.bool('integer_datetimes', 'on', {
    report: true,
    context: 'internal',
  }),
  locale.oneOf('IntervalStyle', 'postgres', ['postgres', 'postgres_verbose', 'sql_standard', 'iso_8601'], {
    report: true,
    effect: 'session',
  }),
  ungrouped.bool('is_superuser', 'off', {
    report: true,
    context: 'internal',
    hidden: true,
  }),
  locale.text('server_encoding', 'UTF8', {
    report: true,
    context: 'internal',
  }),
  preset.text('server_version', '16.4', { report: true, context: 'internal' }),
  ungrouped.text('session_authorization', '', {
    report: true,
    hidden: true,
    keptByResetAll: true,
    effect: 'session',
  }),
  compatibility.text('standard_conforming_strings', 'on', {
    report: true,
    normalise: onlyOn,
  }),
  locale.text('TimeZone', 'UTC', {
    report: true,
    effect: 'session',
    normalise: normaliseTimeZone,
  }),
  preset.int('server_version_num', 160004, [160004, 160004], {
    context: 'internal',
  }),
  behavior.text('search_path', '"$user", public', { list: true, quotes: true, effect: 'session' }),
  behavior.int('statement_timeout', 0, [0, MAX_INT], {
    unit: 'ms',
    effect: 'session',
  }),
  behavior.int('lock_timeout', 0, [0, MAX_INT], {
    unit: 'ms',
    effect: 'session',
  }),
  behavior.int('idle_in_transaction_session_timeout', 0, [0, MAX_INT], { unit: 'ms', effect: 'session' }),
  behavior.int('idle_session_timeout', 0, [0, MAX_INT], { unit: 'ms', effect: 'session' }),
  locale.int('extra_float_digits', 1, [-15, 3]),
  behavior.oneOf('bytea_output', 'hex', ['escape', 'hex'], {
    effect: 'session',
  }),
  behavior.oneOf(
    'client_min_messages',
    'notice',
    ['debug5', 'debug4', 'debug3', 'debug2', 'debug1', 'log', 'notice', 'warning', 'error'],
    { also: { debug: 'debug2', info: 'info' }, effect: 'session' },
  ),
  behavior.oneOf('transaction_isolation', 'read committed', ISOLATION_LEVELS, {
    keptByResetAll: true,
    effect: 'session',
  }),
  behavior.bool('transaction_read_only', 'off', {
    keptByResetAll: true,
    effect: 'session',
  }),
  behavior.bool('transaction_deferrable', 'off', { keptByResetAll: true }),
  behavior.oneOf('default_transaction_isolation', 'read committed', ISOLATION_LEVELS, { effect: 'session' }),
  behavior.bool('default_transaction_deferrable', 'off'),
  behavior.bool('row_security', 'on'),
  behavior.bool('check_function_bodies', 'on'),
  behavior.oneOf('xmloption', 'content', ['content', 'document']),
  behavior.oneOf('xmlbinary', 'base64', ['base64', 'hex']),
  behavior.text('default_tablespace', '', {
    normalise: only('Tablespace', '', 'pg_default'),
  }),
  behavior.text('temp_tablespaces', '', {
    list: true,
    quotes: true,
    normalise: only('Tablespace', '', 'pg_default', '""'),
  }),
  behavior.text('default_table_access_method', 'heap', {
    normalise: only('Table access method', 'heap'),
  }),
  behavior.text('role', 'none', {
    hidden: true,
    keptByResetAll: true,
    effect: 'session',
  }),
  durability.oneOf('synchronous_commit', 'on', ['local', 'remote_write', 'remote_apply', 'on', 'off'], {
    also: ON_OFF,
  }),
  compatibility.bool('escape_string_warning', 'on'),
  locale.text('default_text_search_config', 'pg_catalog.english'),
  locale.text('timezone_abbreviations', 'Default', {
    normalise: (value) => (/^(default|australia|india)$/i.test(value) ? { ok: true, value } : { ok: false }),
  }),
  preload.text('local_preload_libraries', '', {}),
  security.int('ssl_renegotiation_limit', 0, [0, 0], {
    hidden: true,
  }),
  own.oneOf('sqlens.on_error', 'null', ['null', 'fail'], {
    description: 'Whether an input that cannot be answered gives NULL or fails the statement.',
    effect: 'session',
  }),
];
