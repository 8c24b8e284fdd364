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
  processTitle.text(
    'cluster_name',
    '',
    'Sets the name of the cluster, which is included in the process title.',
    { context: 'postmaster' },
  ),
  processTitle.bool(
    'update_process_title',
    'on',
    'Updates the process title to show the active SQL command.',
    { context: 'superuser' },
  ),
  monitoring.oneOf(
    'compute_query_id',
    'auto',
    ['auto', 'regress', 'on', 'off'],
    'Enables in-core computation of query identifiers.',
    { context: 'superuser', also: ON_OFF },
  ),
  monitoring.bool('log_executor_stats', 'off', 'Writes executor performance statistics to the server log.', {
    context: 'superuser',
  }),
  monitoring.bool('log_parser_stats', 'off', 'Writes parser performance statistics to the server log.', {
    context: 'superuser',
  }),
  monitoring.bool('log_planner_stats', 'off', 'Writes planner performance statistics to the server log.', {
    context: 'superuser',
  }),
  monitoring.bool(
    'log_statement_stats',
    'off',
    'Writes cumulative performance statistics to the server log.',
    { context: 'superuser' },
  ),
  whatToLog.bool('debug_pretty_print', 'on', 'Indents parse and plan tree displays.'),
  whatToLog.bool('debug_print_parse', 'off', "Logs each query's parse tree."),
  whatToLog.bool('debug_print_plan', 'off', "Logs each query's execution plan."),
  whatToLog.bool('debug_print_rewritten', 'off', "Logs each query's rewritten parse tree."),
  whatToLog.bool('log_connections', 'off', 'Logs each successful connection.', {
    context: 'superuser-backend',
  }),
  whatToLog.bool('log_disconnections', 'off', 'Logs end of a session, including duration.', {
    context: 'superuser-backend',
  }),
  whatToLog.bool('log_duration', 'off', 'Logs the duration of each completed SQL statement.', {
    context: 'superuser',
  }),
  whatToLog.oneOf(
    'log_error_verbosity',
    'default',
    ['terse', 'default', 'verbose'],
    'Sets the verbosity of logged messages.',
    { context: 'superuser' },
  ),
  whatToLog.bool('log_lock_waits', 'off', 'Logs long lock waits.', { context: 'superuser' }),
  whatToLog.int(
    'log_parameter_max_length',
    -1,
    [-1, 1073741823],
    'Sets the maximum length in bytes of data logged for bind parameter values when logging statements.',
    { context: 'superuser', unit: 'B' },
  ),
  whatToLog.int(
    'log_parameter_max_length_on_error',
    0,
    [-1, 1073741823],
    'Sets the maximum length in bytes of data logged for bind parameter values when logging statements, on error.',
    { unit: 'B' },
  ),
  whatToLog.bool('log_replication_commands', 'off', 'Logs each replication command.', {
    context: 'superuser',
  }),
  whatToLog.oneOf(
    'log_statement',
    'none',
    ['none', 'ddl', 'mod', 'all'],
    'Sets the type of statements logged.',
    { context: 'superuser' },
  ),
  whatToLog.int(
    'log_temp_files',
    -1,
    [-1, 2147483647],
    'Log the use of temporary files larger than this number of kilobytes.',
    { context: 'superuser', unit: 'kB' },
  ),
  whatToLog.text('log_timezone', 'GMT', 'Sets the time zone to use in log messages.', { context: 'sighup' }),
  whereToLog.text(
    'event_source',
    'PostgreSQL',
    'Sets the application name used to identify PostgreSQL messages in the event log.',
    { context: 'postmaster' },
  ),
  whereToLog.text('log_destination', 'stderr', 'Sets the destination for server log output.', {
    context: 'sighup',
  }),
  whereToLog.bool(
    'logging_collector',
    'off',
    'Start a subprocess to capture stderr output and/or csvlogs into log files.',
    { context: 'postmaster' },
  ),
  errorHandling.bool('exit_on_error', 'off', 'Terminate session on any error.'),
  errorHandling.bool('restart_after_crash', 'on', 'Reinitialize server after backend crash.', {
    context: 'sighup',
  }),
  whenToLog.int(
    'log_min_duration_sample',
    -1,
    [-1, 2147483647],
    'Sets the minimum execution time above which a sample of statements will be logged. Sampling is determined by log_statement_sample_rate.',
    { context: 'superuser', unit: 'ms' },
  ),
  whenToLog.int(
    'log_min_duration_statement',
    -1,
    [-1, 2147483647],
    'Sets the minimum execution time above which all statements will be logged.',
    { context: 'superuser', unit: 'ms' },
  ),
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
    'Causes all statements generating error at or above this level to be logged.',
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
    'Sets the message levels that are logged.',
    { context: 'superuser' },
  ),
  whenToLog.real(
    'log_statement_sample_rate',
    1,
    [0, 1],
    'Fraction of statements exceeding log_min_duration_sample to be logged.',
    { context: 'superuser' },
  ),
  whenToLog.real(
    'log_transaction_sample_rate',
    0,
    [0, 1],
    'Sets the fraction of transactions from which to log all statements.',
    { context: 'superuser' },
  ),
  cumulativeQueryAndIndexStatistics.oneOf(
    'stats_fetch_consistency',
    'cache',
    ['none', 'cache', 'snapshot'],
    'Sets the consistency of accesses to statistics data.',
  ),
  cumulativeQueryAndIndexStatistics.bool(
    'track_activities',
    'on',
    'Collects information about executing commands.',
    { context: 'superuser' },
  ),
  cumulativeQueryAndIndexStatistics.bool('track_counts', 'on', 'Collects statistics on database activity.', {
    context: 'superuser',
  }),
  cumulativeQueryAndIndexStatistics.oneOf(
    'track_functions',
    'none',
    ['none', 'pl', 'all'],
    'Collects function-level statistics on database activity.',
    { context: 'superuser' },
  ),
  cumulativeQueryAndIndexStatistics.bool(
    'track_io_timing',
    'off',
    'Collects timing statistics for database I/O activity.',
    { context: 'superuser' },
  ),
  cumulativeQueryAndIndexStatistics.bool(
    'track_wal_io_timing',
    'off',
    'Collects timing statistics for WAL I/O activity.',
    { context: 'superuser' },
  ),
];
