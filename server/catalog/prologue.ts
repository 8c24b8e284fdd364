/** What the catalog is told of a session before its statement. */
import { quoteIdentifier, quoteLiteral } from '../query/tokens.ts';
import type { CatalogSession, SessionActivity } from './api.ts';

export function prologueOf(
  sql: string,
  session: CatalogSession,
  activity: () => readonly SessionActivity[],
): string[] {
  return [`SET LOCAL SESSION AUTHORIZATION ${quoteIdentifier(session.user)}`, quoteLiteral(sql) && ''];
}
