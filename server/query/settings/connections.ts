/** Connections, authentication and encryption, as whoever starts the server has them. */
import { category, type SettingDefinition } from './definition.ts';

const authentication = category('Connections and Authentication / Authentication');
const connectionSettings = category('Connections and Authentication / Connection Settings');
const tcpSettings = category('Connections and Authentication / TCP Settings');
const ssl = category('Connections and Authentication / SSL');

export const connectionsSettings: readonly SettingDefinition[] = [
  authentication.int(
    'authentication_timeout',
    60,
    [1, 600],
    'Sets the maximum allowed time to complete client authentication.',
    { context: 'sighup', unit: 's' },
  ),
  authentication.bool('db_user_namespace', 'off', 'Enables per-database user names.', { context: 'sighup' }),
  authentication.bool(
    'krb_caseins_users',
    'off',
    'Sets whether Kerberos and GSSAPI user names should be treated as case-insensitive.',
    { context: 'sighup' },
  ),
  authentication.oneOf(
    'password_encryption',
    'scram-sha-256',
    ['md5', 'scram-sha-256'],
    'Chooses the algorithm for encrypting passwords.',
  ),
  authentication.int(
    'scram_iterations',
    4096,
    [1, 2147483647],
    'Sets the iteration count for SCRAM secret generation.',
  ),
  connectionSettings.bool('bonjour', 'off', 'Enables advertising the server via Bonjour.', {
    context: 'postmaster',
  }),
  connectionSettings.text(
    'listen_addresses',
    'localhost',
    'Sets the host name or IP address(es) to listen to.',
    { context: 'postmaster' },
  ),
  connectionSettings.int(
    'max_connections',
    100,
    [1, 262143],
    'Sets the maximum number of concurrent connections.',
    { context: 'postmaster' },
  ),
  connectionSettings.int('port', 5432, [1, 65535], 'Sets the TCP port the server listens on.', {
    context: 'postmaster',
  }),
  connectionSettings.int(
    'reserved_connections',
    0,
    [0, 262143],
    'Sets the number of connection slots reserved for roles with privileges of pg_use_reserved_connections.',
    { context: 'postmaster' },
  ),
  connectionSettings.int(
    'superuser_reserved_connections',
    3,
    [0, 262143],
    'Sets the number of connection slots reserved for superusers.',
    { context: 'postmaster' },
  ),
  connectionSettings.text('unix_socket_group', '', 'Sets the owning group of the Unix-domain socket.', {
    context: 'postmaster',
  }),
  tcpSettings.int(
    'client_connection_check_interval',
    0,
    [0, 2147483647],
    'Sets the time interval between checks for disconnection while running queries.',
    { unit: 'ms' },
  ),
  tcpSettings.int('tcp_keepalives_count', 0, [0, 2147483647], 'Maximum number of TCP keepalive retransmits.'),
  tcpSettings.int('tcp_keepalives_idle', 0, [0, 2147483647], 'Time between issuing TCP keepalives.', {
    unit: 's',
  }),
  tcpSettings.int('tcp_keepalives_interval', 0, [0, 2147483647], 'Time between TCP keepalive retransmits.', {
    unit: 's',
  }),
  tcpSettings.int('tcp_user_timeout', 0, [0, 2147483647], 'TCP user timeout.', { unit: 'ms' }),
  ssl.bool('ssl', 'off', 'Enables SSL connections.', { context: 'sighup' }),
];
