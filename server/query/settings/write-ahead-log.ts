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
  archiving.oneOf(
    'archive_mode',
    'off',
    ['always', 'on', 'off'],
    'Allows archiving of WAL files using archive_command.',
    { context: 'postmaster' },
  ),
  archiving.int(
    'archive_timeout',
    0,
    [0, 1073741823],
    'Sets the amount of time to wait before forcing a switch to the next WAL file.',
    { context: 'sighup', unit: 's' },
  ),
  checkpoints.real(
    'checkpoint_completion_target',
    0.9,
    [0, 1],
    'Time spent flushing dirty buffers during checkpoint, as fraction of checkpoint interval.',
    { context: 'sighup' },
  ),
  checkpoints.int(
    'checkpoint_timeout',
    300,
    [30, 86400],
    'Sets the maximum time between automatic WAL checkpoints.',
    { context: 'sighup', unit: 's' },
  ),
  checkpoints.int('max_wal_size', 1024, [2, 2147483647], 'Sets the WAL size that triggers a checkpoint.', {
    context: 'sighup',
    unit: 'MB',
  }),
  checkpoints.int('min_wal_size', 80, [2, 2147483647], 'Sets the minimum size to shrink the WAL to.', {
    context: 'sighup',
    unit: 'MB',
  }),
  settings.int(
    'commit_delay',
    0,
    [0, 100000],
    'Sets the delay in microseconds between transaction commit and flushing WAL to disk.',
    { context: 'superuser' },
  ),
  settings.int(
    'commit_siblings',
    5,
    [0, 1000],
    'Sets the minimum number of concurrent open transactions required before performing commit_delay.',
  ),
  settings.bool('fsync', 'on', 'Forces synchronization of updates to disk.', { context: 'sighup' }),
  settings.bool(
    'full_page_writes',
    'on',
    'Writes full pages to WAL when first modified after a checkpoint.',
    { context: 'sighup' },
  ),
  settings.int(
    'wal_buffers',
    -1,
    [-1, 262143],
    'Sets the number of disk-page buffers in shared memory for WAL.',
    { context: 'postmaster', unit: '8kB' },
  ),
  settings.oneOf(
    'wal_compression',
    'off',
    ['pglz', 'on', 'off'],
    'Compresses full-page writes written in WAL file with specified method.',
    { context: 'superuser' },
  ),
  settings.bool('wal_init_zero', 'on', 'Writes zeroes to new WAL files before first use.', {
    context: 'superuser',
  }),
  settings.oneOf(
    'wal_level',
    'replica',
    ['minimal', 'replica', 'logical'],
    'Sets the level of information written to the WAL.',
    { context: 'postmaster' },
  ),
  settings.bool('wal_recycle', 'on', 'Recycles WAL files by renaming them.', { context: 'superuser' }),
  settings.int(
    'wal_skip_threshold',
    2048,
    [0, 2147483647],
    'Minimum size of new file to fsync instead of writing WAL.',
    { unit: 'kB' },
  ),
  standbyServers.bool('hot_standby', 'on', 'Allows connections and queries during recovery.', {
    context: 'postmaster',
  }),
  subscribers.int(
    'max_logical_replication_workers',
    4,
    [0, 262143],
    'Maximum number of logical replication worker processes.',
    { context: 'postmaster' },
  ),
  sendingServers.int(
    'max_replication_slots',
    10,
    [0, 262143],
    'Sets the maximum number of simultaneously defined replication slots.',
    { context: 'postmaster' },
  ),
  sendingServers.int(
    'max_wal_senders',
    10,
    [0, 262143],
    'Sets the maximum number of simultaneously running WAL sender processes.',
    { context: 'postmaster' },
  ),
  sendingServers.bool('track_commit_timestamp', 'off', 'Collects transaction commit time.', {
    context: 'postmaster',
  }),
  sendingServers.int(
    'wal_sender_timeout',
    60000,
    [0, 2147483647],
    'Sets the maximum time to wait for WAL replication.',
    { unit: 'ms' },
  ),
  primaryServer.text(
    'synchronous_standby_names',
    '',
    'Number of synchronous standbys and list of names of potential synchronous ones.',
    { context: 'sighup' },
  ),
];
