/** What clients expect of a session besides the settings of session.ts: defaults of storage, vacuuming and formats. */
import { category, type SettingDefinition } from './definition.ts';

const statementBehavior = category('Client Connection Defaults / Statement Behavior');
const otherDefaults = category('Client Connection Defaults / Other Defaults');
const localeAndFormatting = category('Client Connection Defaults / Locale and Formatting');

export const clientSettings: readonly SettingDefinition[] = [
  statementBehavior.text('createrole_self_grant', ''),
  statementBehavior.oneOf('default_toast_compression', 'pglz', ['pglz']),
  statementBehavior.int('gin_pending_list_limit', 4096, [64, 2147483647], { unit: 'kB' }),
  statementBehavior.text('restrict_nonsystem_relation_kind', ''),
  statementBehavior.oneOf('session_replication_role', 'origin', ['origin', 'replica', 'local'], {
    context: 'superuser',
  }),
  statementBehavior.int('vacuum_failsafe_age', 1600000000, [0, 2100000000]),
  statementBehavior.int('vacuum_freeze_min_age', 50000000, [0, 1000000000]),
  statementBehavior.int('vacuum_freeze_table_age', 150000000, [0, 2000000000]),
  statementBehavior.int('vacuum_multixact_failsafe_age', 1600000000, [0, 2100000000]),
  statementBehavior.int('vacuum_multixact_freeze_min_age', 5000000, [0, 1000000000]),
  statementBehavior.int('vacuum_multixact_freeze_table_age', 150000000, [0, 2000000000]),
  otherDefaults.int('gin_fuzzy_search_limit', 0, [0, 2147483647]),
  localeAndFormatting.oneOf('icu_validation_level', 'warning', [
    'disabled',
    'debug5',
    'debug4',
    'debug3',
    'debug2',
    'debug1',
    'log',
    'notice',
    'warning',
    'error',
  ]),
  localeAndFormatting.text('lc_messages', '', {
    context: 'superuser',
  }),
  localeAndFormatting.text('lc_monetary', 'C'),
  localeAndFormatting.text('lc_numeric', 'C'),
  localeAndFormatting.text('lc_time', 'C'),
];
