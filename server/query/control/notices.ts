/** WARNINGs and NOTICEs of control statements. */
import { SqlensError, type SqlState } from '../../../common/errors.ts';
import type { SessionContext } from '../session/session-context.ts';

export function warn(context: SessionContext, sqlState: SqlState, message: string): void {
  context.notice({ severity: 'WARNING', error: new SqlensError({ sqlState, message }) });
}
