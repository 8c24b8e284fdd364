/** Connections, authentication and encryption, as whoever starts the server has them. */
import { category, type SettingDefinition } from './definition.ts';

const authentication = category('Connections and Authentication / Authentication');
const connectionSettings = category('Connections and Authentication / Connection Settings');
const tcpSettings = category('Connections and Authentication / TCP Settings');
const ssl = category('Connections and Authentication / SSL');

export const connectionsSettings: readonly SettingDefinition[] = [
  authentication.int('authentication_timeout', 60, [1, 600], { context: 'sighup', unit: 's' }),
  authentication.bool('db_user_namespace', 'off', { context: 'sighup' }),
  authentication.bool('krb_caseins_users', 'off', { context: 'sighup' }),
  authentication.oneOf('password_encryption', 'scram-sha-256', ['md5', 'scram-sha-256']),
  authentication.int('scram_iterations', 4096, [1, 2147483647]),
  connectionSettings.bool('bonjour', 'off', {
    context: 'postmaster',
  }),
  connectionSettings.text('listen_addresses', 'localhost', { context: 'postmaster' }),
  connectionSettings.int('max_connections', 100, [1, 262143], { context: 'postmaster' }),
  connectionSettings.int('port', 5432, [1, 65535], {
    context: 'postmaster',
  }),
  connectionSettings.int('reserved_connections', 0, [0, 262143], { context: 'postmaster' }),
  connectionSettings.int('superuser_reserved_connections', 3, [0, 262143], { context: 'postmaster' }),
  connectionSettings.text('unix_socket_group', '', {
    context: 'postmaster',
  }),
  tcpSettings.int('client_connection_check_interval', 0, [0, 2147483647], { unit: 'ms' }),
  tcpSettings.int('tcp_keepalives_count', 0, [0, 2147483647]),
  tcpSettings.int('tcp_keepalives_idle', 0, [0, 2147483647], {
    unit: 's',
  }),
  tcpSettings.int('tcp_keepalives_interval', 0, [0, 2147483647], {
    unit: 's',
  }),
  tcpSettings.int('tcp_user_timeout', 0, [0, 2147483647], { unit: 'ms' }),
  ssl.bool('ssl', 'off', { context: 'sighup' }),
];
