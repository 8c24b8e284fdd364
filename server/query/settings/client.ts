/** What clients expect of a session besides the settings of session.ts: defaults of storage, vacuuming and formats. */
import { category, type SettingDefinition } from './definition.ts';

const statementBehavior = category('Client Connection Defaults / Statement Behavior');
const otherDefaults = category('Client Connection Defaults / Other Defaults');
const localeAndFormatting = category('Client Connection Defaults / Locale and Formatting');

export const clientSettings: readonly SettingDefinition[] = [
  statementBehavior.text(
    'createrole_self_grant',
    '',
    'Sets whether a CREATEROLE user automatically grants the role to themselves, and with which options.',
  ),
  statementBehavior.oneOf(
    'default_toast_compression',
    'pglz',
    ['pglz'],
    'Sets the default compression method for compressible values.',
  ),
  statementBehavior.int(
    'gin_pending_list_limit',
    4096,
    [64, 2147483647],
    'Sets the maximum size of the pending list for GIN index.',
    { unit: 'kB' },
  ),
  statementBehavior.text(
    'restrict_nonsystem_relation_kind',
    '',
    'Sets relation kinds of non-system relation to restrict use',
  ),
  statementBehavior.oneOf(
    'session_replication_role',
    'origin',
    ['origin', 'replica', 'local'],
    "Sets the session's behavior for triggers and rewrite rules.",
    { context: 'superuser' },
  ),
  statementBehavior.int(
    'vacuum_failsafe_age',
    1600000000,
    [0, 2100000000],
    'Age at which VACUUM should trigger failsafe to avoid a wraparound outage.',
  ),
  statementBehavior.int(
    'vacuum_freeze_min_age',
    50000000,
    [0, 1000000000],
    'Minimum age at which VACUUM should freeze a table row.',
  ),
  statementBehavior.int(
    'vacuum_freeze_table_age',
    150000000,
    [0, 2000000000],
    'Age at which VACUUM should scan whole table to freeze tuples.',
  ),
  statementBehavior.int(
    'vacuum_multixact_failsafe_age',
    1600000000,
    [0, 2100000000],
    'Multixact age at which VACUUM should trigger failsafe to avoid a wraparound outage.',
  ),
  statementBehavior.int(
    'vacuum_multixact_freeze_min_age',
    5000000,
    [0, 1000000000],
    'Minimum age at which VACUUM should freeze a MultiXactId in a table row.',
  ),
  statementBehavior.int(
    'vacuum_multixact_freeze_table_age',
    150000000,
    [0, 2000000000],
    'Multixact age at which VACUUM should scan whole table to freeze tuples.',
  ),
  otherDefaults.int(
    'gin_fuzzy_search_limit',
    0,
    [0, 2147483647],
    'Sets the maximum allowed result for exact search by GIN.',
  ),
  localeAndFormatting.oneOf(
    'icu_validation_level',
    'warning',
    ['disabled', 'debug5', 'debug4', 'debug3', 'debug2', 'debug1', 'log', 'notice', 'warning', 'error'],
    'Log level for reporting invalid ICU locale strings.',
  ),
  localeAndFormatting.text('lc_messages', '', 'Sets the language in which messages are displayed.', {
    context: 'superuser',
  }),
  localeAndFormatting.text('lc_monetary', 'C', 'Sets the locale for formatting monetary amounts.'),
  localeAndFormatting.text('lc_numeric', 'C', 'Sets the locale for formatting numbers.'),
  localeAndFormatting.text('lc_time', 'C', 'Sets the locale for formatting date and time values.'),
];
