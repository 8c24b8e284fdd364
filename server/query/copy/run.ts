/** Starts a COPY that was made ready. */
import type { Execution } from '../api.ts';
import type { SessionContext } from '../session/session-context.ts';
import { CopyIn } from './copy-in.ts';
import { CopyOut } from './copy-out.ts';
import type { PreparedCopy } from './prepare.ts';

export async function runClientCopy(context: SessionContext, copy: PreparedCopy): Promise<Execution> {
  if (copy.direction === 'from') return CopyIn.start(context, copy);
  const rows = await context.runAny({ kind: 'engine', statement: copy.query, parameters: [] });
  if (rows.kind === 'rows') return new CopyOut(rows, copy.options);
  await rows.close();
  throw new TypeError('a query that gives no rows of the engine');
}
