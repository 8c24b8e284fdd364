/**
 * What a statement must not do here, although PostgreSQL lets everybody do it: hold up or reach other sessions (they all
 * run in one), and write.
 */
import { moveBuiltin, native, removeBuiltins, revokeBuiltins } from './builtins.ts';
import { REFUSE_FUNCTION } from './state.ts';

const ADVISORY = [
  'pg_advisory_lock',
  'pg_advisory_xact_lock',
  'pg_advisory_lock_shared',
  'pg_advisory_xact_lock_shared',
];
const ADVISORY_TRIES = ADVISORY.map((name) => name.replace('pg_', 'pg_try_'));
const ADVISORY_UNLOCKS = ['pg_advisory_unlock', 'pg_advisory_unlock_shared'];

/** A body of SQL that is read once, now: nobody who calls it may name what stands in our schema. */
function sleeping(seconds: string): string {
  return `BEGIN ATOMIC
    SELECT CASE WHEN ${seconds} > 1 THEN ${REFUSE_FUNCTION}('0A000',
      'pg_sleep() beyond one second is not available in catalog queries',
      'Sleep in the client, or in a statement that reads no catalog.') END;
    SELECT ${native('pg_sleep')}(${seconds});
  END`;
}

function refused(signature: string, result: string, message: string, hint: string): string {
  return `CREATE OR REPLACE FUNCTION pg_catalog.${signature} RETURNS ${result} LANGUAGE plpgsql VOLATILE STRICT AS
    $$ BEGIN RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = '${message}', HINT = '${hint}'; END $$`;
}

export const refusalsBootstrap: readonly string[] = [
  moveBuiltin('pg_sleep', 'double precision'),
  removeBuiltins(
    ...['pg_sleep_for', 'pg_sleep_until'],
    ...[...ADVISORY, ...ADVISORY_TRIES, ...ADVISORY_UNLOCKS],
  ),
  revokeBuiltins(
    ...['lo_creat', 'lo_create', 'lo_from_bytea', 'lo_open', 'lo_put', 'lo_get', 'lo_unlink', 'lo_truncate'],
    ...['lo_truncate64', 'lo_close', 'lo_lseek', 'lo_lseek64', 'lo_tell', 'lo_tell64', 'loread', 'lowrite'],
    ...['lo_import', 'lo_export', 'pg_export_snapshot', 'pg_logical_emit_message', 'pg_read_file'],
    ...['pg_read_binary_file', 'pg_ls_dir', 'pg_stat_file'],
  ),
  `CREATE OR REPLACE FUNCTION pg_catalog.pg_sleep(double precision) RETURNS void LANGUAGE sql VOLATILE STRICT
     ${sleeping('$1')}`,
  `CREATE OR REPLACE FUNCTION pg_catalog.pg_sleep_for(interval) RETURNS void LANGUAGE sql VOLATILE STRICT
     ${sleeping('extract(epoch FROM $1)::double precision')}`,
  `CREATE OR REPLACE FUNCTION pg_catalog.pg_sleep_until(timestamptz) RETURNS void LANGUAGE sql VOLATILE STRICT
     ${sleeping('extract(epoch FROM $1 - clock_timestamp())::double precision')}`,
  ...['int8', 'int4, int4'].flatMap((types) =>
    [
      ...ADVISORY.map((name) => [name, 'void'] as const),
      ...[...ADVISORY_TRIES, ...ADVISORY_UNLOCKS].map((name) => [name, 'bool'] as const),
    ].map(([name, result]) =>
      refused(
        `${name}(${types})`,
        result,
        'advisory locks are not available',
        'SQLens keeps no advisory locks; coordinate clients outside it.',
      ),
    ),
  ),
];
