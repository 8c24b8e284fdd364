/** LISTEN channel, UNLISTEN channel | *, NOTIFY channel [, 'payload'] */
import type { RowsExecution } from '../api.ts';
import { Cursor as Reader } from '../ddl/cursor.ts';
import { finished } from '../run/executions.ts';
import type { SessionContext } from '../session/session-context.ts';
import type { Token } from '../text/tokens.ts';

export async function listen(
  { notifications, transaction }: SessionContext,
  kind: 'listen' | 'unlisten' | 'notify',
  tokens: readonly Token[],
): Promise<RowsExecution> {
  const reader = new Reader(tokens);
  reader.expect(kind);
  const all = kind === 'unlisten' && reader.accept('*');
  const channel = all ? '' : reader.name('the name of a channel').value;
  const payload = kind === 'notify' && reader.accept(',') ? reader.string('a payload').value : '';
  reader.expectEnd();
  if (all) notifications.unlistenAll();
  else if (kind === 'listen') notifications.listen(channel);
  else if (kind === 'unlisten') notifications.unlisten(channel);
  else notifications.notify(channel, payload);
  // A statement by itself is a transaction by itself.
  if (!transaction.isOpen) await notifications.endAlone();
  return finished(kind.toUpperCase());
}
