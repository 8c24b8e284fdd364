/** Statements that come out with other columns than they were described with: their tables have changed since. */
import { type DuckDBResult, type DuckDBType, DuckDBTypeId } from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../common/errors.ts';

/** Described before anything told what they would be. */
const UNDECIDED: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.SQLNULL,
  DuckDBTypeId.ANY,
  DuckDBTypeId.INVALID,
]);

export class ChangedColumnsError extends SqlensError {
  /** Whether DuckDB may have forgotten the types: what it folds to a NULL, it may take for a NULL of integers. */
  readonly mayBeNull: boolean;

  constructor(fields: ConstructorParameters<typeof SqlensError>[0], mayBeNull: boolean) {
    super(fields);
    this.mayBeNull = mayBeNull;
  }
}

/**
 * As PostgreSQL says it: drivers know the message, and prepare again.
 *
 * @throws SqlensError 0A000 when there is another number of columns, or one is of another type
 */
export function checkColumnTypes(result: DuckDBResult, described: readonly DuckDBType[]): void {
  const isComparable = result.columnCount === described.length;
  const changed = described.flatMap(({ typeId }, at) => {
    if (!isComparable) return [];
    const actual = result.columnTypeId(at);
    return actual === typeId || UNDECIDED.has(typeId) || UNDECIDED.has(actual) ? [] : [actual];
  });
  if (isComparable && changed.length === 0) return;
  throw new ChangedColumnsError(
    {
      sqlState: SqlState.featureNotSupported,
      message: 'cached plan must not change result type',
      hint: 'The tables behind this prepared statement have changed; prepare it again.',
      // pgjdbc and asyncpg prepare again by themselves when they see this.
      routine: 'RevalidateCachedQuery',
    },
    isComparable && changed.every((actual) => actual === DuckDBTypeId.INTEGER),
  );
}
