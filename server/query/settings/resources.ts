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
  autovacuum.bool('autovacuum', 'on', { context: 'sighup' }),
  autovacuum.real('autovacuum_analyze_scale_factor', 0.1, [0, 100], { context: 'sighup' }),
  autovacuum.int('autovacuum_analyze_threshold', 50, [0, 2147483647], { context: 'sighup' }),
  autovacuum.int('autovacuum_freeze_max_age', 200000000, [100000, 2000000000], { context: 'postmaster' }),
  autovacuum.int('autovacuum_max_workers', 3, [1, 262143], { context: 'postmaster' }),
  autovacuum.int('autovacuum_multixact_freeze_max_age', 400000000, [10000, 2000000000], {
    context: 'postmaster',
  }),
  autovacuum.int('autovacuum_naptime', 60, [1, 2147483], {
    context: 'sighup',
    unit: 's',
  }),
  autovacuum.real('autovacuum_vacuum_scale_factor', 0.2, [0, 100], { context: 'sighup' }),
  autovacuum.int('autovacuum_vacuum_threshold', 50, [0, 2147483647], { context: 'sighup' }),
  asynchronousBehavior.int('backend_flush_after', 0, [0, 256], { unit: '8kB' }),
  asynchronousBehavior.int('effective_io_concurrency', 1, [0, 1000]),
  asynchronousBehavior.int('maintenance_io_concurrency', 10, [0, 1000]),
  asynchronousBehavior.int('max_parallel_maintenance_workers', 2, [0, 1024]),
  asynchronousBehavior.int('max_parallel_workers', 8, [0, 1024]),
  asynchronousBehavior.int('max_parallel_workers_per_gather', 2, [0, 1024]),
  asynchronousBehavior.int('max_worker_processes', 8, [0, 262143], { context: 'postmaster' }),
  asynchronousBehavior.int('old_snapshot_threshold', -1, [-1, 86400], { context: 'postmaster', unit: 'min' }),
  asynchronousBehavior.bool('parallel_leader_participation', 'on'),
  backgroundWriter.int('bgwriter_delay', 200, [10, 10000], {
    context: 'sighup',
    unit: 'ms',
  }),
  lockManagement.int('deadlock_timeout', 1000, [1, 2147483647], { context: 'superuser', unit: 'ms' }),
  lockManagement.int('max_locks_per_transaction', 64, [10, 2147483647], { context: 'postmaster' }),
  lockManagement.int('max_pred_locks_per_transaction', 64, [10, 2147483647], { context: 'postmaster' }),
  memory.oneOf('dynamic_shared_memory_type', 'posix', ['posix'], { context: 'postmaster' }),
  memory.real('hash_mem_multiplier', 2, [1, 1000]),
  memory.oneOf('huge_pages', 'try', ['off', 'on', 'try'], {
    context: 'postmaster',
    also: ON_OFF,
  }),
  memory.int('logical_decoding_work_mem', 65536, [64, 2147483647], { unit: 'kB' }),
  memory.int('maintenance_work_mem', 65536, [1024, 2147483647], { unit: 'kB' }),
  memory.int('max_prepared_transactions', 0, [0, 262143], { context: 'postmaster' }),
  memory.int('max_stack_depth', 100, [100, 2147483647], {
    context: 'superuser',
    unit: 'kB',
  }),
  memory.int('shared_buffers', 16384, [16, 1073741823], { context: 'postmaster', unit: '8kB' }),
  memory.oneOf('shared_memory_type', 'mmap', ['sysv', 'mmap'], { context: 'postmaster' }),
  memory.int('temp_buffers', 1024, [100, 1073741823], { unit: '8kB' }),
  memory.int('vacuum_buffer_usage_limit', 256, [0, 16777216], { unit: 'kB' }),
  memory.int('work_mem', 4096, [64, 2147483647], {
    unit: 'kB',
  }),
  kernelResources.int('max_files_per_process', 1000, [64, 2147483647], { context: 'postmaster' }),
  disk.int('temp_file_limit', -1, [-1, 2147483647], { context: 'superuser', unit: 'kB' }),
  costBasedVacuumDelay.real('vacuum_cost_delay', 0, [0, 100], {
    unit: 'ms',
  }),
  costBasedVacuumDelay.int('vacuum_cost_limit', 200, [1, 10000]),
  costBasedVacuumDelay.int('vacuum_cost_page_dirty', 20, [0, 10000]),
  costBasedVacuumDelay.int('vacuum_cost_page_hit', 1, [0, 10000]),
  costBasedVacuumDelay.int('vacuum_cost_page_miss', 2, [0, 10000]),
];
