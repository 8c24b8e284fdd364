/** Roles and owners: `admin` owns what users have made, `analyst` reads it. */
import { ADMIN_ROLE, ANALYST_ROLE, DATABASE_NAME, OWN_SCHEMA } from '../names.ts';
import { FIRST_OWN_OID } from './builtins.ts';
import { NOTE_DEFINED_FUNCTION } from './state.ts';

/** Gives what the superuser has just made to its owner, and notes what has a definition; ends every change. */
export const GIVE_AWAY_FUNCTION = `${OWN_SCHEMA}.sqlens_give_away`;

const admin = `'${ADMIN_ROLE}'::regrole`;
const isOurs = (namespace: string): string =>
  `oid >= ${FIRST_OWN_OID} AND ${namespace} NOT IN ('${OWN_SCHEMA}'::regnamespace, 'pg_catalog'::regnamespace,
     'information_schema'::regnamespace)`;
const acl = (adminRights: string, analystRights: string): string =>
  `ARRAY['${ADMIN_ROLE}=${adminRights}/${ADMIN_ROLE}', '${ANALYST_ROLE}=${analystRights}/${ADMIN_ROLE}']::aclitem[]`;

export const rolesBootstrap: readonly string[] = [
  ...[ADMIN_ROLE, ANALYST_ROLE].map(
    (role) => `DO $$ BEGIN CREATE ROLE ${role} NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
  ),
  // Sizes of tablespaces, which psql's \\db+ asks for; there is nothing in them to be kept from anybody.
  `GRANT pg_read_all_stats TO ${ADMIN_ROLE}, ${ANALYST_ROLE}`,
  // Of psql's \\dRs+: PostgreSQL keeps its passwords from all but superusers, and here are none.
  `GRANT SELECT ON pg_catalog.pg_subscription TO ${ADMIN_ROLE}, ${ANALYST_ROLE}`,
  `ALTER DATABASE ${DATABASE_NAME} OWNER TO ${ADMIN_ROLE}`,
  // The catalogs are changed directly: ALTER … OWNER by the thousand would take seconds, and nobody drops these roles.
  `CREATE OR REPLACE FUNCTION ${GIVE_AWAY_FUNCTION}() RETURNS void LANGUAGE sql AS $$
     UPDATE pg_catalog.pg_namespace SET nspowner = ${admin}, nspacl = ${acl('UC', 'U')}
       WHERE nspowner = 10 AND oid >= ${FIRST_OWN_OID} AND nspname !~ '^pg_';
     UPDATE pg_catalog.pg_class SET relowner = ${admin},
         relacl = CASE WHEN relkind IN ('r', 'v', 'm', 'f', 'p') THEN ${acl('arwdDxt', 'r')}
                       WHEN relkind = 'S' THEN ${acl('rwU', 'r')} END
       WHERE relowner = 10 AND ${isOurs('relnamespace')};
     UPDATE pg_catalog.pg_type SET typowner = ${admin} WHERE typowner = 10 AND ${isOurs('typnamespace')};
     UPDATE pg_catalog.pg_proc SET proowner = ${admin} WHERE proowner = 10 AND ${isOurs('pronamespace')};
     UPDATE pg_catalog.pg_foreign_server SET srvowner = ${admin} WHERE srvowner = 10;
     UPDATE pg_catalog.pg_foreign_data_wrapper SET fdwowner = ${admin} WHERE fdwowner = 10;
     SELECT ${NOTE_DEFINED_FUNCTION}();
   $$`,
];
