/** Functions that say who we are, and whom the session is with. */
import { SESSION_SETTINGS } from '../names.ts';
import { moveBuiltin, native } from './builtins.ts';

const passed = (setting: string): string => `nullif(${native('current_setting')}('${setting}', true), '')`;

/** @param version SQLens' own */
export function identityBootstrap(version: string): readonly string[] {
  const ours = `'PostgreSQL ' || ${native('current_setting')}('server_version') || ' (SQLens ${version.replaceAll(/[^\w.+-]/g, '')})'`;
  return [
    ...replace('version', 'text', ours),
    ...replace('pg_backend_pid', 'int4', `coalesce(${passed(SESSION_SETTINGS.processId)}::int4, 0)`),
    ...replace('inet_client_addr', 'inet', `${passed(SESSION_SETTINGS.clientAddress)}::inet`),
    ...replace('inet_client_port', 'int4', `${passed(SESSION_SETTINGS.clientPort)}::int4`),
    ...replace('inet_server_addr', 'inet', `${passed(SESSION_SETTINGS.serverAddress)}::inet`),
    ...replace('inet_server_port', 'int4', `${passed(SESSION_SETTINGS.serverPort)}::int4`),
    ...['pg_postmaster_start_time', 'pg_conf_load_time'].flatMap((name) =>
      replace(
        name,
        'timestamptz',
        `coalesce(${passed(SESSION_SETTINGS.serverStart)}::timestamptz, ${native(name)}())`,
      ),
    ),
  ];
}

function replace(name: string, type: string, body: string): readonly string[] {
  return [
    moveBuiltin(name, ''),
    `CREATE OR REPLACE FUNCTION pg_catalog.${name}() RETURNS ${type} LANGUAGE sql STABLE PARALLEL SAFE RETURN ${body}`,
  ];
}
