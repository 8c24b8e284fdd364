/** Memory, background work, locks and automatic maintenance. */
import { category, ON_OFF, type SettingDefinition } from './definition.ts';

const autovacuum = category('Autovacuum');
const asynchronousBehavior = category('Resource Usage / Asynchronous Behavior');
const backgroundWriter = category('Resource Usage / Background Writer');
const lockManagement = category('Lock Management');
const memory = category('Resource Usage / Memory');
const kernelResources = category('Resource Usage / Kernel Resources');
const disk = category('Resource Usage / Disk');
const costBasedVacuumDelay = category('Resource Usage / Cost-Based Vacuum Delay');

export const resourcesSettings: readonly SettingDefinition[] = [
  autovacuum.bool('autovacuum', 'on', 'Starts the autovacuum subprocess.', { context: 'sighup' }),
  autovacuum.real(
    'autovacuum_analyze_scale_factor',
    0.1,
    [0, 100],
    'Number of tuple inserts, updates, or deletes prior to analyze as a fraction of reltuples.',
    { context: 'sighup' },
  ),
  autovacuum.int(
    'autovacuum_analyze_threshold',
    50,
    [0, 2147483647],
    'Minimum number of tuple inserts, updates, or deletes prior to analyze.',
    { context: 'sighup' },
  ),
  autovacuum.int(
    'autovacuum_freeze_max_age',
    200000000,
    [100000, 2000000000],
    'Age at which to autovacuum a table to prevent transaction ID wraparound.',
    { context: 'postmaster' },
  ),
  autovacuum.int(
    'autovacuum_max_workers',
    3,
    [1, 262143],
    'Sets the maximum number of simultaneously running autovacuum worker processes.',
    { context: 'postmaster' },
  ),
  autovacuum.int(
    'autovacuum_multixact_freeze_max_age',
    400000000,
    [10000, 2000000000],
    'Multixact age at which to autovacuum a table to prevent multixact wraparound.',
    { context: 'postmaster' },
  ),
  autovacuum.int('autovacuum_naptime', 60, [1, 2147483], 'Time to sleep between autovacuum runs.', {
    context: 'sighup',
    unit: 's',
  }),
  autovacuum.real(
    'autovacuum_vacuum_scale_factor',
    0.2,
    [0, 100],
    'Number of tuple updates or deletes prior to vacuum as a fraction of reltuples.',
    { context: 'sighup' },
  ),
  autovacuum.int(
    'autovacuum_vacuum_threshold',
    50,
    [0, 2147483647],
    'Minimum number of tuple updates or deletes prior to vacuum.',
    { context: 'sighup' },
  ),
  asynchronousBehavior.int(
    'backend_flush_after',
    0,
    [0, 256],
    'Number of pages after which previously performed writes are flushed to disk.',
    { unit: '8kB' },
  ),
  asynchronousBehavior.int(
    'effective_io_concurrency',
    1,
    [0, 1000],
    'Number of simultaneous requests that can be handled efficiently by the disk subsystem.',
  ),
  asynchronousBehavior.int(
    'maintenance_io_concurrency',
    10,
    [0, 1000],
    'A variant of effective_io_concurrency that is used for maintenance work.',
  ),
  asynchronousBehavior.int(
    'max_parallel_maintenance_workers',
    2,
    [0, 1024],
    'Sets the maximum number of parallel processes per maintenance operation.',
  ),
  asynchronousBehavior.int(
    'max_parallel_workers',
    8,
    [0, 1024],
    'Sets the maximum number of parallel workers that can be active at one time.',
  ),
  asynchronousBehavior.int(
    'max_parallel_workers_per_gather',
    2,
    [0, 1024],
    'Sets the maximum number of parallel processes per executor node.',
  ),
  asynchronousBehavior.int(
    'max_worker_processes',
    8,
    [0, 262143],
    'Maximum number of concurrent worker processes.',
    { context: 'postmaster' },
  ),
  asynchronousBehavior.int(
    'old_snapshot_threshold',
    -1,
    [-1, 86400],
    'Time before a snapshot is too old to read pages changed after the snapshot was taken.',
    { context: 'postmaster', unit: 'min' },
  ),
  asynchronousBehavior.bool(
    'parallel_leader_participation',
    'on',
    'Controls whether Gather and Gather Merge also run subplans.',
  ),
  backgroundWriter.int('bgwriter_delay', 200, [10, 10000], 'Background writer sleep time between rounds.', {
    context: 'sighup',
    unit: 'ms',
  }),
  lockManagement.int(
    'deadlock_timeout',
    1000,
    [1, 2147483647],
    'Sets the time to wait on a lock before checking for deadlock.',
    { context: 'superuser', unit: 'ms' },
  ),
  lockManagement.int(
    'max_locks_per_transaction',
    64,
    [10, 2147483647],
    'Sets the maximum number of locks per transaction.',
    { context: 'postmaster' },
  ),
  lockManagement.int(
    'max_pred_locks_per_transaction',
    64,
    [10, 2147483647],
    'Sets the maximum number of predicate locks per transaction.',
    { context: 'postmaster' },
  ),
  memory.oneOf(
    'dynamic_shared_memory_type',
    'posix',
    ['posix'],
    'Selects the dynamic shared memory implementation used.',
    { context: 'postmaster' },
  ),
  memory.real('hash_mem_multiplier', 2, [1, 1000], 'Multiple of work_mem to use for hash tables.'),
  memory.oneOf('huge_pages', 'try', ['off', 'on', 'try'], 'Use of huge pages on Linux or Windows.', {
    context: 'postmaster',
    also: ON_OFF,
  }),
  memory.int(
    'logical_decoding_work_mem',
    65536,
    [64, 2147483647],
    'Sets the maximum memory to be used for logical decoding.',
    { unit: 'kB' },
  ),
  memory.int(
    'maintenance_work_mem',
    65536,
    [1024, 2147483647],
    'Sets the maximum memory to be used for maintenance operations.',
    { unit: 'kB' },
  ),
  memory.int(
    'max_prepared_transactions',
    0,
    [0, 262143],
    'Sets the maximum number of simultaneously prepared transactions.',
    { context: 'postmaster' },
  ),
  memory.int('max_stack_depth', 100, [100, 2147483647], 'Sets the maximum stack depth, in kilobytes.', {
    context: 'superuser',
    unit: 'kB',
  }),
  memory.int(
    'shared_buffers',
    16384,
    [16, 1073741823],
    'Sets the number of shared memory buffers used by the server.',
    { context: 'postmaster', unit: '8kB' },
  ),
  memory.oneOf(
    'shared_memory_type',
    'mmap',
    ['sysv', 'mmap'],
    'Selects the shared memory implementation used for the main shared memory region.',
    { context: 'postmaster' },
  ),
  memory.int(
    'temp_buffers',
    1024,
    [100, 1073741823],
    'Sets the maximum number of temporary buffers used by each session.',
    { unit: '8kB' },
  ),
  memory.int(
    'vacuum_buffer_usage_limit',
    256,
    [0, 16777216],
    'Sets the buffer pool size for VACUUM, ANALYZE, and autovacuum.',
    { unit: 'kB' },
  ),
  memory.int('work_mem', 4096, [64, 2147483647], 'Sets the maximum memory to be used for query workspaces.', {
    unit: 'kB',
  }),
  kernelResources.int(
    'max_files_per_process',
    1000,
    [64, 2147483647],
    'Sets the maximum number of simultaneously open files for each server process.',
    { context: 'postmaster' },
  ),
  disk.int(
    'temp_file_limit',
    -1,
    [-1, 2147483647],
    'Limits the total size of all temporary files used by each process.',
    { context: 'superuser', unit: 'kB' },
  ),
  costBasedVacuumDelay.real('vacuum_cost_delay', 0, [0, 100], 'Vacuum cost delay in milliseconds.', {
    unit: 'ms',
  }),
  costBasedVacuumDelay.int(
    'vacuum_cost_limit',
    200,
    [1, 10000],
    'Vacuum cost amount available before napping.',
  ),
  costBasedVacuumDelay.int(
    'vacuum_cost_page_dirty',
    20,
    [0, 10000],
    'Vacuum cost for a page dirtied by vacuum.',
  ),
  costBasedVacuumDelay.int(
    'vacuum_cost_page_hit',
    1,
    [0, 10000],
    'Vacuum cost for a page found in the buffer cache.',
  ),
  costBasedVacuumDelay.int(
    'vacuum_cost_page_miss',
    2,
    [0, 10000],
    'Vacuum cost for a page not found in the buffer cache.',
  ),
];
