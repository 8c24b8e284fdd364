/** What the catalog is told of a session before its statement: who asks, where names are looked up, how values look. */
import { quoteIdentifier, quoteLiteral } from '../query/text/tokens.ts';
import type { CatalogSession, SessionActivity } from './api.ts';
import { addressOf, SERVER_START } from './facts.ts';
import { SESSION_SETTINGS } from './mirror/names.ts';
import { searchPathNames } from './search-path.ts';

/** Settings that change what PostgreSQL answers. */
const FOLLOWED = [
  'TimeZone',
  'DateStyle',
  'IntervalStyle',
  'extra_float_digits',
  'bytea_output',
  'application_name',
  'quote_all_identifiers',
];

/**
 * @param sql the statement, as the client sent it: rows that only a view shows are passed when it is mentioned
 * @param activity the sessions there are
 */
export function prologueOf(
  sql: string,
  session: CatalogSession,
  activity: () => readonly SessionActivity[],
): string[] {
  const settings = FOLLOWED.flatMap((name): [string, string][] => {
    const value = session.setting(name);
    return value === undefined ? [] : [[name, value]];
  });
  const path = searchPathNames(session.setting('search_path') ?? '');
  if (path.length === 0) path.push('');
  settings.push([SESSION_SETTINGS.processId, String(session.processId)]);
  settings.push(...connectionSettings(session));
  if (/pg_settings/i.test(sql)) {
    settings.push([SESSION_SETTINGS.settings, JSON.stringify(session.settings())]);
  }
  if (/current_setting/i.test(sql)) {
    settings.push([SESSION_SETTINGS.values, JSON.stringify(valuesOf(session))]);
  }
  if (/pg_stat_activity/i.test(sql)) {
    const rows = activity().map((row) => activityRow(row, session));
    settings.push([SESSION_SETTINGS.activity, JSON.stringify(rows)]);
  }
  if (/pg_(?:cancel|terminate)_backend/i.test(sql)) {
    // 0 is the server's own sessions.
    const others = activity().filter(({ processId }) => processId !== 0);
    const users = Object.fromEntries(others.map(({ processId, user }) => [processId, user]));
    settings.push([SESSION_SETTINGS.backends, JSON.stringify(users)]);
  }
  if (/pg_prepared_statements/i.test(sql)) {
    settings.push([SESSION_SETTINGS.preparedStatements, JSON.stringify(session.preparedStatements())]);
  }
  if (/pg_cursors/i.test(sql)) {
    settings.push([SESSION_SETTINGS.cursors, JSON.stringify(session.cursors())]);
  }
  return [
    ...settings.map(([name, value]) => `SET LOCAL ${name} = ${quoteText(value)}`),
    // A list of names: quoted as a whole it would be one.
    `SET LOCAL search_path = ${path.map(quoteIdentifier).join(', ')}`,
    `SET LOCAL SESSION AUTHORIZATION ${quoteIdentifier(session.user)}`,
  ];
}

function valuesOf(session: CatalogSession): Record<string, string> {
  const names = session.settings().flatMap((row) => ('name' in row ? String(row.name) : []));
  return Object.fromEntries(names.map((name) => [name.toLowerCase(), session.setting(name) ?? '']));
}

/** Who talks to whom, as far as there is a connection. */
function connectionSettings({ remoteAddress, socket }: CatalogSession): [string, string][] {
  const started: [string, string] = [SESSION_SETTINGS.serverStart, SERVER_START.toISOString()];
  const client = addressOf(remoteAddress);
  const server = addressOf(socket?.localAddress ?? '');
  if (socket === undefined || client === null || server === null) return [started];
  return [
    started,
    [SESSION_SETTINGS.clientAddress, client],
    [SESSION_SETTINGS.clientPort, String(socket.remotePort)],
    [SESSION_SETTINGS.serverAddress, server],
    [SESSION_SETTINGS.serverPort, String(socket.localPort)],
  ];
}

/** Right whatever the text holds: PostgreSQL reads backslashes in E'' only. */
function quoteText(text: string): string {
  return quoteLiteral(text.replaceAll('\0', ''));
}

/** A row of pg_stat_activity; an analyst sees what other users do as PostgreSQL shows it to whom it does not concern. */
function activityRow(activity: SessionActivity, { user, role }: CatalogSession) {
  const { processId, applicationName, remoteAddress, remotePort } = activity;
  const common = { pid: processId, usename: activity.user, application_name: applicationName };
  if (role !== 'admin' && activity.user !== user) return { ...common, query: '<insufficient privilege>' };
  return {
    ...common,
    client_addr: addressOf(remoteAddress),
    client_port: remotePort,
    backend_start: activity.startedAt,
    xact_start: activity.transactionStartedAt,
    query_start: activity.queryStartedAt,
    state_change: activity.stateChangedAt,
    wait_event_type: activity.state === 'active' ? null : 'Client',
    wait_event: activity.state === 'active' ? null : 'ClientRead',
    state: activity.state,
    query: activity.query,
    backend_type: processId === 0 ? 'background worker' : 'client backend',
  };
}
