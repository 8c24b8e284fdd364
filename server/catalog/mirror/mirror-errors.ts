/** What is said when the mirror itself fails, not the statement. */
import { messageOf, SqlensError, SqlState } from '../../../common/errors.ts';
import { throwIfFailed } from './backend-bytes.ts';
import { ChildEnded } from './child-link.ts';

export function withStatement(error: SqlensError, statements: readonly string[], sql: string): SqlensError {
  let quoted: string | undefined;
  if (error.position !== undefined) {
    // The position counts characters of the whole text.
    const upTo = [...sql].slice(0, error.position - 1).join('').length;
    let end = 'BEGIN;\n'.length;
    quoted = statements.find((statement) => {
      end += statement.length + 2;
      return end > upTo;
    });
  }
  return new SqlensError({
    sqlState: error.sqlState,
    message: error.message,
    detail: [error.detail, quoted && `in: ${quoted.slice(0, 500)}`].filter(Boolean).join('; ') || undefined,
    hint: error.hint ?? 'Please report this as a defect in SQLens.',
    cause: error,
  });
}

export function throwPrologueFailure(messages: Buffer): void {
  try {
    throwIfFailed(messages);
  } catch (error) {
    throw new SqlensError({
      sqlState: error instanceof SqlensError ? error.sqlState : SqlState.internalError,
      message: `the catalog does not take over the session: ${messageOf(error)}`,
      hint: 'Please report this as a defect in SQLens.',
      cause: error,
    });
  }
}

export function tooLong(what: string, limit_bytes: number): SqlensError {
  return new SqlensError({
    sqlState: SqlState.programLimitExceeded,
    message: `${what} takes more than ${limit_bytes} bytes`,
    hint: 'Ask for less at a time: fewer columns, a WHERE or a LIMIT.',
  });
}

export function overdue(deadline_ms: number): SqlensError {
  return new SqlensError({
    sqlState: SqlState.queryCanceled,
    message: `canceling statement: a catalog query may take ${deadline_ms / 1000} s`,
    hint: 'Ask the catalog for less at a time.',
  });
}

export function closing(): SqlensError {
  return new SqlensError({
    sqlState: SqlState.adminShutdown,
    message: 'the server is shutting down',
    hint: 'Connect again when it is up.',
  });
}

/** That the process ended is no error that others know. */
export function rethrow(error: unknown): never {
  throw error instanceof ChildEnded ? crashed(error) : error;
}

export function crashed(error: unknown): SqlensError {
  return new SqlensError({
    sqlState: SqlState.internalError,
    message: `the catalog's process ended again and again while it ran this statement: ${messageOf(error)}`,
    hint: 'It may need more memory than the catalog has; ask for less at a time.',
    cause: error,
  });
}

export function doesNotStart(error: ChildEnded): SqlensError {
  return new SqlensError({
    sqlState: SqlState.cannotConnectNow,
    message: `the catalog does not start: ${error.message}`,
    hint: 'See that the machine has 400 MB of memory free and the data directory 100 MB of disk.',
    cause: error,
  });
}
