/** Runs statements that we wrote in a session of the engine, and takes the session away again whatever happens. */
import { SqlensError } from '../../common/errors.ts';
import type { Backend, BackendSession } from '../query/api.ts';
import { executeOwn } from '../query/describe/bound.ts';
import { Row } from './row-values.ts';

export interface AdminSession {
  /** Runs one statement to its end and gives its rows. */
  run(sql: string): Promise<Row[]>;
}

/**
 * @throws what the statement throws, without its position: the client never saw the text it points into
 */
export async function inSession<T>(
  backend: Backend,
  user: string,
  signal: AbortSignal,
  work: (session: AdminSession) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const session = await backend.openSession({
    user,
    // Whoever may use the HTTP interface may do everything with it.
    role: 'admin',
    database: 'sqlens',
    applicationName: 'sqlens-http',
    remoteAddress: '',
    processId: 0,
    settings: new Map(),
  });
  const cancel = () => session.cancel();
  signal.addEventListener('abort', cancel);
  try {
    return await work({ run: (sql) => runStatement(session, sql, signal) });
  } catch (error) {
    // Cancelled by us: say why rather than that it was.
    signal.throwIfAborted();
    throw withoutPosition(error);
  } finally {
    signal.removeEventListener('abort', cancel);
    await session.close();
  }
}

async function runStatement(session: BackendSession, sql: string, signal: AbortSignal): Promise<Row[]> {
  signal.throwIfAborted();
  const rows: Row[] = [];
  let failed = true;
  try {
    const execution = await executeOwn(session, sql);
    try {
      const columns = execution.columns ?? [];
      for (let batch = await execution.next(); batch !== undefined; batch = await execution.next()) {
        for (let index = 0; index < batch.rowCount; index++) rows.push(new Row(columns, batch, index));
      }
    } finally {
      await execution.close();
    }
    failed = false;
  } finally {
    await session.sync(failed);
  }
  return rows;
}

function withoutPosition(error: unknown): unknown {
  if (!(error instanceof SqlensError) || error.position === undefined) return error;
  const { sqlState, message, hint, detail } = error;
  return new SqlensError({ sqlState, message, hint, detail, cause: error });
}
