/** Errors in COPY's data, with PostgreSQL's context: which line, which column, which text. */
import { SqlensError, SqlState } from '../../../../common/errors.ts';

/** PostgreSQL's MAX_COPY_DATA_DISPLAY. */
const maxShown_bytes = 100;

/** 22P04 */
export function badData(message: string, hint?: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.badCopyFileFormat,
    message,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** The same error, saying where it happened; one that says so already is left as it is. */
export function placedAt(error: unknown, where: string): unknown {
  if (!(error instanceof SqlensError) || error.where !== undefined) return error;
  const { sqlState, message, hint, detail } = error;
  return new SqlensError({ sqlState, message, hint, detail, where, cause: error });
}

/** Text for a context line, cut as PostgreSQL cuts it. */
export function shown(bytes: Buffer): string {
  if (bytes.length <= maxShown_bytes) return bytes.toString('utf8');
  let end = maxShown_bytes;
  // Never in the middle of a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return `${bytes.toString('utf8', 0, end)}...`;
}
