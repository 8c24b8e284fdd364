/** What is known of the mirror itself, and how functions of ours refuse. */
import { DEFINED_SETTING, DEFINITIONS_TABLE, OWN_SCHEMA, SETTINGS_TABLE } from '../names.ts';

export const STATE_TABLE = `${OWN_SCHEMA}.sqlens_state`;
/** Look up what is stored; NULL where nothing is. */
export const DEFINITION_FUNCTION = `${OWN_SCHEMA}.sqlens_definition`;
export const DEFAULT_FUNCTION = `${OWN_SCHEMA}.sqlens_default`;
export const SETTING_FUNCTION = `${OWN_SCHEMA}.sqlens_setting`;
/** Notes which objects have a definition. */
export const NOTE_DEFINED_FUNCTION = `${OWN_SCHEMA}.sqlens_note_defined`;
/** Raises. */
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
  // Nobody has rights to the tables themselves, or information_schema would list them. In plpgsql, since it keeps its
  // plans from one statement to the next.
  `CREATE OR REPLACE FUNCTION ${DEFINITION_FUNCTION}(class oid, obj oid, sub int4, what text) RETURNS text
     LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER AS $$
     BEGIN RETURN (SELECT d.definition FROM ${DEFINITIONS_TABLE} d
       WHERE d.objoid = obj AND d.classoid = class AND d.objsubid = sub AND d.kind = what); END $$`,
  // For the session: what a change has set goes with the change when that is rolled back.
  `CREATE OR REPLACE FUNCTION ${NOTE_DEFINED_FUNCTION}() RETURNS void LANGUAGE plpgsql VOLATILE AS $$
     BEGIN PERFORM ${OWN_SCHEMA}.native_set_config('${DEFINED_SETTING}',
       (SELECT ' ' || string_agg(DISTINCT objoid::text, ' ') || ' ' FROM ${DEFINITIONS_TABLE}), false); END $$`,
  // A default is asked for by its expression, not by its column: the one whose expression it is. Expressions of one table
  // differ at least in where they stood in the statement that made it.
  `CREATE OR REPLACE FUNCTION ${DEFAULT_FUNCTION}(expression pg_node_tree, relation oid) RETURNS text
     LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER AS $$
     BEGIN RETURN (SELECT d.definition FROM ${DEFINITIONS_TABLE} d
         JOIN pg_catalog.pg_attrdef a ON a.adrelid = d.objoid AND a.adnum = d.objsubid
       WHERE d.objoid = relation AND d.classoid = 'pg_catalog.pg_class'::regclass AND d.kind = 'expr'
         AND a.adbin::text = expression::text LIMIT 1); END $$`,
  `CREATE OR REPLACE FUNCTION ${SETTING_FUNCTION}(wanted text) RETURNS text
     LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER AS $$
     BEGIN RETURN (SELECT s.setting FROM ${SETTINGS_TABLE} s WHERE s.name = lower(wanted)); END $$`,
  `CREATE OR REPLACE FUNCTION ${REFUSE_FUNCTION}(code text, message text, hint text) RETURNS text
     LANGUAGE plpgsql VOLATILE AS $$
     BEGIN RAISE EXCEPTION USING ERRCODE = code, MESSAGE = message, HINT = hint; END $$`,
];
