/**
 * The mirror's own bookkeeping, in a schema of its own: which objects were applied (so that a restart applies only what
 * differs), the texts that placeholders stand for, and a function that applies many changes in one round trip.
 */

import { ADMIN_ROLE, DEFINITIONS_TABLE, OWN_SCHEMA } from '../mirror/names.ts';

/** In front of the names of what is here. */
export const BOOK = `${OWN_SCHEMA}.sqlens`;

/** Columns: id, kind, schema_name, name, fingerprint, definition (the object as JSON), refused (why, or NULL). */
export const OBJECTS_TABLE = `${BOOK}_objects`;
/** One row, one column `version`: see BOOK_VERSION. */
export const VERSION_TABLE = `${BOOK}_version`;
/** define(catalog, oid, sub-id, kind, text): keeps what a placeholder stands for. */
export const DEFINE_FUNCTION = `${BOOK}_define`;
/** apply(changes, recorded): see change.ts for what a change is. */
export const APPLY_FUNCTION = `${BOOK}_apply`;
/** tidy(): forgets texts of what is gone. */
export const TIDY_FUNCTION = `${BOOK}_tidy`;
const TAKE_FUNCTION = `${BOOK}_take`;

/** Raised whenever the same object is mirrored by other statements: what an older version made is made anew. */
export const BOOK_VERSION = 1;

/**
 * Statements that make the book where it is missing; each may run again. The names of server and language are those
 * that clients see. Roles and the table of definitions are there from the mirror's own bootstrap.
 */
export const BOOK_STATEMENTS: readonly string[] = [
  'SET LOCAL allow_system_table_mods = on',
  `DO $do$ BEGIN
     IF NOT EXISTS (SELECT 1 FROM pg_foreign_data_wrapper WHERE fdwname = 'sqlens_images') THEN
       CREATE FOREIGN DATA WRAPPER sqlens_images;
     END IF;
     IF NOT EXISTS (SELECT 1 FROM pg_foreign_server WHERE srvname = 'images') THEN
       CREATE SERVER images FOREIGN DATA WRAPPER sqlens_images;
     END IF;
     IF NOT EXISTS (SELECT 1 FROM pg_language WHERE lanname = 'sqlens') THEN
       CREATE TRUSTED LANGUAGE sqlens HANDLER plpgsql_call_handler;
       ALTER LANGUAGE sqlens OWNER TO ${ADMIN_ROLE};
     END IF;
   END $do$`,
  `CREATE TABLE IF NOT EXISTS ${OBJECTS_TABLE} (
     id text PRIMARY KEY, kind text NOT NULL, schema_name text NOT NULL, name text NOT NULL,
     fingerprint text NOT NULL, definition text NOT NULL, refused text)`,
  `CREATE TABLE IF NOT EXISTS ${VERSION_TABLE} (version int4 NOT NULL)`,
  `CREATE OR REPLACE FUNCTION ${DEFINE_FUNCTION}(class_id oid, object_id oid, sub_id int4, what text, text_shown text)
   RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $fn$
   BEGIN
     DELETE FROM ${DEFINITIONS_TABLE} WHERE classoid = class_id AND objoid = object_id AND objsubid = sub_id AND kind = what;
     INSERT INTO ${DEFINITIONS_TABLE} VALUES (class_id, object_id, sub_id, what, text_shown);
   END $fn$`,
  // Steps are lists of alternatives; only a step with several needs a subtransaction of its own.
  `CREATE OR REPLACE FUNCTION ${TAKE_FUNCTION}(steps json) RETURNS void LANGUAGE plpgsql AS $fn$
   DECLARE step json; form text; form_count int4; at int4;
   BEGIN
     FOR step IN SELECT value FROM pg_catalog.json_array_elements(steps) LOOP
       form_count := pg_catalog.json_array_length(step);
       at := 0;
       LOOP
         form := step->>at;
         at := at + 1;
         IF at = form_count THEN
           EXECUTE form;
           EXIT;
         END IF;
         BEGIN
           EXECUTE form;
           EXIT;
         EXCEPTION WHEN OTHERS THEN
           NULL;
         END;
       END LOOP;
     END LOOP;
   END $fn$`,
  // The search path is the function's own while it runs.
  `CREATE OR REPLACE FUNCTION ${APPLY_FUNCTION}(changes json, recorded boolean) RETURNS void LANGUAGE plpgsql
   SET search_path = public AS $fn$
   DECLARE change json; reason text;
   BEGIN
     FOR change IN SELECT value FROM pg_catalog.json_array_elements(changes) LOOP
       reason := NULL;
       IF pg_catalog.json_array_length(change->'steps') > 0 THEN
         BEGIN
           PERFORM pg_catalog.set_config('search_path', change->>'path', true);
           PERFORM ${TAKE_FUNCTION}(change->'steps');
         EXCEPTION WHEN OTHERS THEN
           reason := SQLERRM;
         END;
       END IF;
       CONTINUE WHEN NOT recorded;
       DELETE FROM ${OBJECTS_TABLE} WHERE id = change->>'id';
       CONTINUE WHEN change->>'definition' IS NULL;
       INSERT INTO ${OBJECTS_TABLE} VALUES (change->>'id', change->>'kind', change->>'schema', change->>'name',
         pg_catalog.md5(change->>'definition'), change->>'definition', reason);
     END LOOP;
   END $fn$`,
  `CREATE OR REPLACE FUNCTION ${TIDY_FUNCTION}() RETURNS void LANGUAGE sql SET search_path = pg_catalog AS $fn$
     DELETE FROM ${DEFINITIONS_TABLE} AS d WHERE NOT CASE d.classoid
       WHEN 'pg_class'::regclass THEN EXISTS (SELECT 1 FROM pg_class AS c WHERE c.oid = d.objoid)
         AND (d.kind <> 'expr' OR EXISTS (SELECT 1 FROM pg_attrdef AS c WHERE c.adrelid = d.objoid AND c.adnum = d.objsubid))
       WHEN 'pg_constraint'::regclass THEN EXISTS (SELECT 1 FROM pg_constraint AS c WHERE c.oid = d.objoid)
       WHEN 'pg_proc'::regclass THEN EXISTS (SELECT 1 FROM pg_proc AS c WHERE c.oid = d.objoid)
       ELSE true END
   $fn$`,
];
