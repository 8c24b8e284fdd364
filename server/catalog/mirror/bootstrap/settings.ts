/**
 * Settings. Those a session may change are set in the mirror by the prologue, so PostgreSQL's own functions know them.
 * Those of the server come from a table, since PGlite's own would be wrong. pg_settings shows what the session passes.
 */
import { SESSION_SETTINGS, SETTINGS_TABLE } from '../names.ts';
import { moveBuiltin, native } from './builtins.ts';
import { SETTING_FUNCTION } from './state.ts';

const COLUMNS = [
  ...['name', 'setting', 'unit', 'category', 'short_desc', 'extra_desc', 'context', 'vartype', 'source'],
  ...[
    'min_val',
    'max_val',
    'enumvals',
    'boot_val',
    'reset_val',
    'sourcefile',
    'sourceline',
    'pending_restart',
  ],
];
const passed = `nullif(${native('current_setting')}('${SESSION_SETTINGS.settings}', true), '')::json`;
const told = `nullif(${native('current_setting')}('${SESSION_SETTINGS.values}', true), '')::json`;
/** Of PostgreSQL's own settings: how sessions behave. The rest describes a server that is not ours. */
const SHOWN_CATEGORIES = `(Client Connection Defaults|Preset Options|Version and Platform|Customized)`;

/** Columns of a setting, those of PostgreSQL's own where nothing else is known. */
function merged(other: string): string {
  return COLUMNS.map((name) => {
    if (name === 'name') return `coalesce(${other}.name, pg.name) AS name`;
    // PGlite gives its options on a command line that nobody has seen.
    const plain =
      name === 'source'
        ? `CASE WHEN pg.source IN ('session', 'client', 'interactive') THEN 'session' ELSE 'default' END`
        : name === 'sourcefile' || name === 'sourceline'
          ? 'NULL'
          : name === 'reset_val'
            ? `CASE WHEN ${other}.name IS NULL THEN pg.reset_val ELSE ${other}.setting END`
            : name === 'boot_val'
              ? `coalesce(pg.boot_val, ${other}.setting)`
              : `pg.${name}`;
    return `coalesce(${other}.${name}, ${plain}, ${fallback(name)}) AS ${name}`;
  }).join(',\n    ');
}

function fallback(name: string): string {
  switch (name) {
    case 'category':
      return `'Customized Options'`;
    case 'context':
      return `'user'`;
    case 'vartype':
      return `'string'`;
    case 'source':
      return `'session'`;
    case 'pending_restart':
      return 'false';
    default:
      return 'NULL';
  }
}

export const settingsBootstrap: readonly string[] = [
  moveBuiltin('current_setting', 'text'),
  moveBuiltin('current_setting', 'text, boolean'),
  ...(
    [
      ['text', '$1'],
      ['text, boolean', '$1, $2'],
    ] as const
  ).map(
    ([types, values]) => `CREATE OR REPLACE FUNCTION pg_catalog.current_setting(${types}) RETURNS text
       LANGUAGE sql STABLE PARALLEL SAFE
       RETURN coalesce(${told} ->> lower($1), ${SETTING_FUNCTION}($1), ${native('current_setting')}(${values}))`,
  ),
  `CREATE OR REPLACE VIEW pg_catalog.pg_settings AS
   WITH pg AS (SELECT * FROM pg_catalog.pg_show_all_settings()),
        given AS (SELECT * FROM json_populate_recordset(NULL::${SETTINGS_TABLE}, ${passed})),
        shown AS (
   SELECT ${merged('given')} FROM given LEFT JOIN pg ON lower(pg.name) = lower(given.name)
   UNION ALL
   SELECT ${merged('own')} FROM pg FULL JOIN ${SETTINGS_TABLE} own ON own.name = lower(pg.name)
   WHERE ${passed} IS NULL AND (own.name IS NOT NULL OR pg.category ~ '^${SHOWN_CATEGORIES}'))
   SELECT ${COLUMNS.join(', ')} FROM shown ORDER BY lower(name)`,
];
