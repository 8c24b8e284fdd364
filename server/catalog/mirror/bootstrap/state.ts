/** What is known of the mirror itself, and how functions of ours refuse. */
import { DEFINITIONS_TABLE, OWN_SCHEMA, SETTINGS_TABLE } from '../names.ts';

export const STATE_TABLE = `${OWN_SCHEMA}.sqlens_state`;
export const REFUSE_FUNCTION = `${OWN_SCHEMA}.sqlens_refuse`;

export const stateBootstrap: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS ${STATE_TABLE} (key text PRIMARY KEY, value text NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS ${DEFINITIONS_TABLE} (
     classoid oid NOT NULL, objoid oid NOT NULL, objsubid int4 NOT NULL DEFAULT 0, kind text NOT NULL,
     definition text NOT NULL, PRIMARY KEY (objoid, classoid, objsubid, kind))`,
  `CREATE TABLE IF NOT EXISTS ${SETTINGS_TABLE} (
     name text PRIMARY KEY, setting text, unit text, category text, short_desc text, extra_desc text, context text,
     vartype text, source text, min_val text, max_val text, enumvals text[], boot_val text, reset_val text,
     sourcefile text, sourceline int4, pending_restart bool)`,
  // Functions and views that everybody calls read them; the schema lets nobody name them.
  `GRANT SELECT ON ${DEFINITIONS_TABLE}, ${SETTINGS_TABLE} TO PUBLIC`,
  `CREATE OR REPLACE FUNCTION ${REFUSE_FUNCTION}(code text, message text, hint text) RETURNS text
     LANGUAGE plpgsql VOLATILE AS $$
     BEGIN RAISE EXCEPTION USING ERRCODE = code, MESSAGE = message, HINT = hint; END $$`,
];
