/** Statements that come out with other columns than they were described with: their tables have changed since. */
import { type DuckDBResult, type DuckDBType, DuckDBTypeId } from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../common/errors.ts';

/** Described before anything told what they would be. */
const UNDECIDED: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.SQLNULL,
  DuckDBTypeId.ANY,
  DuckDBTypeId.INVALID,
]);

export class ChangedColumnsError extends SqlensError {}

/**
 * As PostgreSQL says it: drivers know the message, and prepare again.
 *
 * @throws SqlensError 0A000 when there is another number of columns, or one is of another type
 */
export function checkColumnTypes(result: DuckDBResult, described: readonly DuckDBType[]): void {
  const isSame =
    result.columnCount === described.length &&
    described.every(({ typeId }, at) => {
      const actual = result.columnTypeId(at);
      return actual === typeId || UNDECIDED.has(typeId) || UNDECIDED.has(actual);
    });
  if (isSame) return;
  throw new ChangedColumnsError({
    sqlState: SqlState.featureNotSupported,
    message: 'cached plan must not change result type',
    hint: 'The tables behind this prepared statement have changed; prepare it again.',
    // pgjdbc and asyncpg prepare again by themselves when they see this.
    routine: 'RevalidateCachedQuery',
  });
}
