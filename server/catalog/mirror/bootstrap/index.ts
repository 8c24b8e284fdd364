/** Makes a fresh PostgreSQL, or one that an older SQLens has left, into the mirror. */
import { createHash } from 'node:crypto';
import { OWN_SCHEMA } from '../names.ts';
import { activityBootstrap } from './activity.ts';
import { FIRST_OWN_OID } from './builtins.ts';
import { definitionsBootstrap } from './definitions.ts';
import { effectsBootstrap } from './effects.ts';
import { identityBootstrap } from './identity.ts';
import { refusalsBootstrap } from './refusals.ts';
import { rolesBootstrap } from './roles.ts';
import { settingsBootstrap } from './settings.ts';
import { NOTE_DEFINED_FUNCTION, STATE_TABLE, stateBootstrap } from './state.ts';

/**
 * PostgreSQL's own views call functions by OID, so those that we have moved away still serve them: write the views anew
 * with the functions that have the names now.
 */
const REWRITE_VIEWS = `DO $do$
  DECLARE v record;
  BEGIN
    FOR v IN SELECT c.oid::regclass AS name, ${OWN_SCHEMA}.native_pg_get_viewdef(c.oid) AS body FROM pg_catalog.pg_class c
        WHERE c.relkind = 'v' AND c.oid < ${FIRST_OWN_OID} AND c.relname NOT IN ('pg_settings', 'pg_stat_activity')
          AND ${OWN_SCHEMA}.native_pg_get_viewdef(c.oid) LIKE '%${OWN_SCHEMA}.native\\_%' LOOP
      EXECUTE format('CREATE OR REPLACE VIEW %s AS %s', v.name, replace(v.body, '${OWN_SCHEMA}.native_', 'pg_catalog.'));
    END LOOP;
  END $do$`;

function statements(version: string): readonly string[] {
  return [
    ...stateBootstrap,
    ...rolesBootstrap,
    // Before those that call what it moves.
    ...settingsBootstrap,
    ...identityBootstrap(version),
    ...definitionsBootstrap,
    ...activityBootstrap,
    ...effectsBootstrap,
    ...refusalsBootstrap,
    REWRITE_VIEWS,
  ];
}

export const FILLED_KEY = 'filled';

/**
 * Applies what has changed since it was last done here: the statements as a whole are known by their hash.
 *
 * @param run runs statements and returns the first column of the first row of the last of them
 * @returns whether the mirror has been filled
 * @throws SqlensError when a statement is refused: the directory is of no use then
 */
export function bootstrap(run: (sql: string) => string | null | undefined, version: string): boolean {
  const all = statements(version);
  const hash = createHash('sha256').update(all.join('\0')).digest('hex');
  const state = (key: string): string | null | undefined =>
    run(`SELECT value FROM ${STATE_TABLE} WHERE key = '${key}'`);
  const isNew = run(`SELECT to_regclass('${STATE_TABLE}')`) === null;
  if (isNew || state('bootstrap') !== hash) {
    for (const statement of all) run(statement);
    run(`INSERT INTO ${STATE_TABLE} VALUES ('bootstrap', '${hash}')
      ON CONFLICT (key) DO UPDATE SET value = excluded.value`);
  }
  run(`SELECT ${NOTE_DEFINED_FUNCTION}()`);
  return state(FILLED_KEY) !== undefined;
}
