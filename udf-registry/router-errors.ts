import { SqlensError, SqlState } from '../common/errors.ts';
import type { Ending } from './quarantine.ts';

export function shuttingDown(): SqlensError {
  return new SqlensError({
    sqlState: SqlState.adminShutdown,
    message: 'the server is shutting down',
    hint: 'Connect again once it is back.',
  });
}

export function tooManySubmissions(limit: number): SqlensError {
  return new SqlensError({
    sqlState: SqlState.configurationLimitExceeded,
    message: `more than ${limit} calls of models are waiting`,
    hint: 'Run fewer queries at the same time.',
  });
}

export function workersDoNotStart(cause: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.systemError,
    message: `worker processes do not start: ${cause}`,
    hint: "See the server's log; the memory limit of workers may be too low, or a native library is missing.",
  });
}

export function unanswered(): SqlensError {
  return new SqlensError({
    sqlState: SqlState.internalError,
    message: 'the worker gave no answer for this input',
    hint: 'Ask again; if it happens again, report it with the server log.',
  });
}

/** The answer of an input that workers died of. */
export function deadly(ending: Ending, timeout_ms: number, cause: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.systemError,
    message:
      ending === 'crash'
        ? 'the worker process crashed on this input'
        : `the worker process was killed: this input took longer than ${timeout_ms / 1000} s`,
    detail: cause,
    hint: 'The input is skipped; the other inputs of the query are not affected.',
  });
}
