/** The write-ahead log and replication. */
import { category, type SettingDefinition } from './definition.ts';

const archiving = category('Write-Ahead Log / Archiving');
const checkpoints = category('Write-Ahead Log / Checkpoints');
const settings = category('Write-Ahead Log / Settings');
const standbyServers = category('Replication / Standby Servers');
const subscribers = category('Replication / Subscribers');
const sendingServers = category('Replication / Sending Servers');
const primaryServer = category('Replication / Primary Server');

export const writeAheadLogSettings: readonly SettingDefinition[] = [
  archiving.oneOf('archive_mode', 'off', ['always', 'on', 'off'], { context: 'postmaster' }),
  archiving.int('archive_timeout', 0, [0, 1073741823], { context: 'sighup', unit: 's' }),
  checkpoints.real('checkpoint_completion_target', 0.9, [0, 1], { context: 'sighup' }),
  checkpoints.int('checkpoint_timeout', 300, [30, 86400], { context: 'sighup', unit: 's' }),
  checkpoints.int('max_wal_size', 1024, [2, 2147483647], {
    context: 'sighup',
    unit: 'MB',
  }),
  checkpoints.int('min_wal_size', 80, [2, 2147483647], {
    context: 'sighup',
    unit: 'MB',
  }),
  settings.int('commit_delay', 0, [0, 100000], { context: 'superuser' }),
  settings.int('commit_siblings', 5, [0, 1000]),
  settings.bool('fsync', 'on', { context: 'sighup' }),
  settings.bool('full_page_writes', 'on', { context: 'sighup' }),
  settings.int('wal_buffers', -1, [-1, 262143], { context: 'postmaster', unit: '8kB' }),
  settings.oneOf('wal_compression', 'off', ['pglz', 'on', 'off'], { context: 'superuser' }),
  settings.bool('wal_init_zero', 'on', {
    context: 'superuser',
  }),
  settings.oneOf('wal_level', 'replica', ['minimal', 'replica', 'logical'], { context: 'postmaster' }),
  settings.bool('wal_recycle', 'on', { context: 'superuser' }),
  settings.int('wal_skip_threshold', 2048, [0, 2147483647], { unit: 'kB' }),
  standbyServers.bool('hot_standby', 'on', {
    context: 'postmaster',
  }),
  subscribers.int('max_logical_replication_workers', 4, [0, 262143], { context: 'postmaster' }),
  sendingServers.int('max_replication_slots', 10, [0, 262143], { context: 'postmaster' }),
  sendingServers.int('max_wal_senders', 10, [0, 262143], { context: 'postmaster' }),
  sendingServers.bool('track_commit_timestamp', 'off', {
    context: 'postmaster',
  }),
  sendingServers.int('wal_sender_timeout', 60000, [0, 2147483647], { unit: 'ms' }),
  primaryServer.text('synchronous_standby_names', '', { context: 'sighup' }),
];
