/**
 * Functions that act on sessions. Those are SQLens' own, so each is told what to do by a notice (names.ts,
 * EFFECT_SQLSTATE), which the server takes off the answer.
 */
import { ADMIN_ROLE, EFFECT_SQLSTATE, OWN_SCHEMA, SESSION_SETTINGS } from '../names.ts';
import { moveBuiltin, native, removeBuiltins } from './builtins.ts';
import { REFUSE_FUNCTION } from './state.ts';

/** Gives back its first argument, and has the second one done. */
const TELL_FUNCTION = `${OWN_SCHEMA}.sqlens_tell`;

const ask = (...parts: string[]): string =>
  `RAISE INFO USING ERRCODE = '${EFFECT_SQLSTATE}', MESSAGE = pg_catalog.json_build_array(${parts.join(', ')})::text;`;

/** Never to be set by a statement: they say whose rights it has. */
const GUARDED = `lower($1) IN ('session_authorization', 'role', 'is_superuser')`;

/** @param what the function does, as PostgreSQL words it when it may not */
function signal(signature: string, kind: 'cancel' | 'terminate', what: string): string {
  const backends = `nullif(pg_catalog.current_setting('${SESSION_SETTINGS.backends}', true), '')`;
  return `CREATE OR REPLACE FUNCTION pg_catalog.${signature} RETURNS bool LANGUAGE plpgsql VOLATILE STRICT AS $$
    DECLARE target text := ${backends}::pg_catalog.json ->> $1::text;
    BEGIN
      IF target IS NULL THEN
        RAISE WARNING 'PID % is not a PostgreSQL server process', $1;
        RETURN false;
      END IF;
      IF target <> current_user AND NOT pg_catalog.pg_has_role(current_user, '${ADMIN_ROLE}', 'MEMBER') THEN
        RAISE insufficient_privilege USING MESSAGE = 'permission denied to ${what}',
          DETAIL = 'The role analyst may act on sessions of the same user only.';
      END IF;
      ${ask(`'${kind}'`, '$1')}
      RETURN true;
    END $$`;
}

export const effectsBootstrap: readonly string[] = [
  removeBuiltins('pg_cancel_backend', 'pg_terminate_backend', 'pg_notify'),
  moveBuiltin('set_config', 'text, text, boolean'),
  signal('pg_cancel_backend(int4)', 'cancel', 'cancel query'),
  signal('pg_terminate_backend(int4, int8 DEFAULT 0)', 'terminate', 'terminate process'),
  `CREATE OR REPLACE FUNCTION pg_catalog.pg_notify(text, text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
    BEGIN ${ask(`'notify'`, "coalesce($1, '')", "coalesce($2, '')")} END $$`,
  `CREATE OR REPLACE FUNCTION ${TELL_FUNCTION}(result text, effect json) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
    BEGIN RAISE INFO USING ERRCODE = '${EFFECT_SQLSTATE}', MESSAGE = effect::text; RETURN result; END $$`,
  // Here it is forgotten with the request, so the session is told to set it as well. Read once, now: nobody who calls it
  // may name what stands in our schema.
  `CREATE OR REPLACE FUNCTION pg_catalog.set_config(text, text, boolean) RETURNS text LANGUAGE sql VOLATILE
     RETURN CASE
       WHEN ${GUARDED} THEN ${REFUSE_FUNCTION}('42501', format('permission denied to set parameter "%s"', $1),
         'Use SET ROLE or SET SESSION AUTHORIZATION as a statement of its own, where it is allowed.')
       ELSE ${TELL_FUNCTION}(${native('set_config')}($1, $2, true),
         json_build_array('set', $1, coalesce($2, ''), coalesce($3, false))) END`,
];
