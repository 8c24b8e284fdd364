/** What the protocol and the HTTP interface open sessions on. */
import { SqlensError, SqlState } from '../common/errors.ts';
import type { Backend, BackendSession, SessionStart } from './query/api.ts';
import type { Engine } from './query/engine.ts';
import { Session } from './query/session.ts';

/** The name of the one database there is. */
export const DATABASE_NAME = 'sqlens';

export class EngineBackend implements Backend {
  readonly #engine: Engine;
  readonly #sessions = new Set<Session>();
  #lastId = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async openSession(start: SessionStart): Promise<BackendSession> {
    if (start.database !== DATABASE_NAME && start.database !== start.user) {
      throw new SqlensError({
        sqlState: SqlState.invalidCatalogName,
        message: `database "${start.database}" does not exist`,
        hint: `The database is called ${DATABASE_NAME}.`,
      });
    }
    const session = await Session.open(this.#engine, ++this.#lastId, start);
    this.#sessions.add(session);
    return session;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sessions].map((session) => session.close()));
    this.#sessions.clear();
  }
}
