/** Errors and notices as the fields of ErrorResponse and NoticeResponse. */
import { messageOf, SqlensError, SqlState } from '../../../common/errors.ts';
import type { Notice } from '../../query/api.ts';
import type { ReportFields } from '../codec/backend.ts';

/** The query text a position refers to, and where in it the failed statement begins. */
export interface ErrorSource {
  readonly sql: string;
  /** UTF-16 offset of the statement in `sql`. */
  readonly offset: number;
}

/** An error together with the place of the statement that failed. */
export class StatementFailure extends Error {
  readonly source: ErrorSource;

  constructor(cause: unknown, source: ErrorSource) {
    super('a statement failed', { cause });
    this.source = source;
  }
}

export function errorReport(
  error: unknown,
  severity: 'ERROR' | 'FATAL',
  source: ErrorSource | undefined,
): ReportFields {
  if (!(error instanceof SqlensError)) {
    return {
      severity,
      code: SqlState.internalError,
      message: `internal error: ${messageOf(error)}`,
      hint: 'This is a defect of SQLens; please report it with the statement. The server log has the details.',
    };
  }
  return {
    severity,
    code: error.sqlState,
    message: error.message,
    detail: error.detail,
    hint: error.hint,
    position: source === undefined ? undefined : queryPosition(error.position, source),
    where: error.where,
    routine: error.routine,
  };
}

export function noticeReport({ severity, error }: Notice): ReportFields {
  return { severity, code: error.sqlState, message: error.message, detail: error.detail, hint: error.hint };
}

/** JavaScript counts UTF-16 units, PostgreSQL's clients count characters. */
function queryPosition(position: number | undefined, source: ErrorSource): number | undefined {
  if (position === undefined || position < 1) return undefined;
  const before = source.sql.slice(0, source.offset + position - 1);
  const surrogatePairs = before.match(/[\ud800-\udbff][\udc00-\udfff]/g)?.length ?? 0;
  return before.length - surrogatePairs + 1;
}
