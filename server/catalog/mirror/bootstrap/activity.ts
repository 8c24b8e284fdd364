/** Views of sessions and of what a session holds: their rows come with the request, as JSON. */
import { DATABASE_NAME, SESSION_SETTINGS } from '../names.ts';
import { native } from './builtins.ts';

function given(setting: string, columns: string): string {
  return `json_to_recordset(nullif(${native('current_setting')}('${setting}', true), '')::json) AS r(${columns})`;
}

const ACTIVITY_COLUMNS = `pid int4, leader_pid int4, usename name, application_name text, client_addr inet,
  client_hostname text, client_port int4, backend_start timestamptz, xact_start timestamptz, query_start timestamptz,
  state_change timestamptz, wait_event_type text, wait_event text, state text, query_id int8, query text,
  backend_type text`;

export const activityBootstrap: readonly string[] = [
  `CREATE OR REPLACE VIEW pg_catalog.pg_stat_activity AS
   SELECT d.oid AS datid, d.datname, r.pid, r.leader_pid, u.oid AS usesysid, r.usename, r.application_name,
     r.client_addr, r.client_hostname, r.client_port, r.backend_start, r.xact_start, r.query_start, r.state_change,
     r.wait_event_type, r.wait_event, r.state, NULL::xid AS backend_xid, NULL::xid AS backend_xmin, r.query_id, r.query,
     coalesce(r.backend_type, 'client backend') AS backend_type
   FROM ${given(SESSION_SETTINGS.activity, ACTIVITY_COLUMNS)}
     JOIN pg_catalog.pg_database d ON d.datname = '${DATABASE_NAME}'
     LEFT JOIN pg_catalog.pg_roles u ON u.rolname = r.usename`,
  `CREATE OR REPLACE VIEW pg_catalog.pg_prepared_statements AS
   SELECT r.name, r.statement, r.prepare_time, r.parameter_types, r.result_types, r.from_sql,
     coalesce(r.generic_plans, 0) AS generic_plans, coalesce(r.custom_plans, 0) AS custom_plans
   FROM ${given(
     SESSION_SETTINGS.preparedStatements,
     `name text, statement text, prepare_time timestamptz, parameter_types regtype[], result_types regtype[],
      from_sql bool, generic_plans int8, custom_plans int8`,
   )}`,
  `CREATE OR REPLACE VIEW pg_catalog.pg_cursors AS
   SELECT r.name, r.statement, r.is_holdable, r.is_binary, r.is_scrollable, r.creation_time
   FROM ${given(
     SESSION_SETTINGS.cursors,
     'name text, statement text, is_holdable bool, is_binary bool, is_scrollable bool, creation_time timestamptz',
   )}`,
];
