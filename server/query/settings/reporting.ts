/** Logging and statistics. */
import { category, ON_OFF, type SettingDefinition } from './definition.ts';

const processTitle = category('Reporting and Logging / Process Title');
const monitoring = category('Statistics / Monitoring');
const whatToLog = category('Reporting and Logging / What to Log');
const whereToLog = category('Reporting and Logging / Where to Log');
const errorHandling = category('Error Handling');
const whenToLog = category('Reporting and Logging / When to Log');
const cumulativeQueryAndIndexStatistics = category('Statistics / Cumulative Query and Index Statistics');

export const reportingSettings: readonly SettingDefinition[] = [
  processTitle.text('cluster_name', '', { context: 'postmaster' }),
  processTitle.bool('update_process_title', 'on', { context: 'superuser' }),
  monitoring.oneOf('compute_query_id', 'auto', ['auto', 'regress', 'on', 'off'], {
    context: 'superuser',
    also: ON_OFF,
  }),
  monitoring.bool('log_executor_stats', 'off', {
    context: 'superuser',
  }),
  monitoring.bool('log_parser_stats', 'off', {
    context: 'superuser',
  }),
  monitoring.bool('log_planner_stats', 'off', {
    context: 'superuser',
  }),
  monitoring.bool('log_statement_stats', 'off', { context: 'superuser' }),
  whatToLog.bool('debug_pretty_print', 'on'),
  whatToLog.bool('debug_print_parse', 'off'),
  whatToLog.bool('debug_print_plan', 'off'),
  whatToLog.bool('debug_print_rewritten', 'off'),
  whatToLog.bool('log_connections', 'off', {
    context: 'superuser-backend',
  }),
  whatToLog.bool('log_disconnections', 'off', {
    context: 'superuser-backend',
  }),
  whatToLog.bool('log_duration', 'off', {
    context: 'superuser',
  }),
  whatToLog.oneOf('log_error_verbosity', 'default', ['terse', 'default', 'verbose'], {
    context: 'superuser',
  }),
  whatToLog.bool('log_lock_waits', 'off', { context: 'superuser' }),
  whatToLog.int('log_parameter_max_length', -1, [-1, 1073741823], { context: 'superuser', unit: 'B' }),
  whatToLog.int('log_parameter_max_length_on_error', 0, [-1, 1073741823], { unit: 'B' }),
  whatToLog.bool('log_replication_commands', 'off', {
    context: 'superuser',
  }),
  whatToLog.oneOf('log_statement', 'none', ['none', 'ddl', 'mod', 'all'], { context: 'superuser' }),
  whatToLog.int('log_temp_files', -1, [-1, 2147483647], { context: 'superuser', unit: 'kB' }),
  whatToLog.text('log_timezone', 'GMT', { context: 'sighup' }),
  whereToLog.text('event_source', 'PostgreSQL', { context: 'postmaster' }),
  whereToLog.text('log_destination', 'stderr', {
    context: 'sighup',
  }),
  whereToLog.bool('logging_collector', 'off', { context: 'postmaster' }),
  errorHandling.bool('exit_on_error', 'off'),
  errorHandling.bool('restart_after_crash', 'on', {
    context: 'sighup',
  }),
  whenToLog.int('log_min_duration_sample', -1, [-1, 2147483647], { context: 'superuser', unit: 'ms' }),
  whenToLog.int('log_min_duration_statement', -1, [-1, 2147483647], { context: 'superuser', unit: 'ms' }),
  whenToLog.oneOf(
    'log_min_error_statement',
    'error',
    [
      'debug5',
      'debug4',
      'debug3',
      'debug2',
      'debug1',
      'info',
      'notice',
      'warning',
      'error',
      'log',
      'fatal',
      'panic',
    ],
    { context: 'superuser' },
  ),
  whenToLog.oneOf(
    'log_min_messages',
    'warning',
    [
      'debug5',
      'debug4',
      'debug3',
      'debug2',
      'debug1',
      'info',
      'notice',
      'warning',
      'error',
      'log',
      'fatal',
      'panic',
    ],
    { context: 'superuser' },
  ),
  whenToLog.real('log_statement_sample_rate', 1, [0, 1], { context: 'superuser' }),
  whenToLog.real('log_transaction_sample_rate', 0, [0, 1], { context: 'superuser' }),
  cumulativeQueryAndIndexStatistics.oneOf('stats_fetch_consistency', 'cache', ['none', 'cache', 'snapshot']),
  cumulativeQueryAndIndexStatistics.bool('track_activities', 'on', { context: 'superuser' }),
  cumulativeQueryAndIndexStatistics.bool('track_counts', 'on', {
    context: 'superuser',
  }),
  cumulativeQueryAndIndexStatistics.oneOf('track_functions', 'none', ['none', 'pl', 'all'], {
    context: 'superuser',
  }),
  cumulativeQueryAndIndexStatistics.bool('track_io_timing', 'off', { context: 'superuser' }),
  cumulativeQueryAndIndexStatistics.bool('track_wal_io_timing', 'off', { context: 'superuser' }),
];
