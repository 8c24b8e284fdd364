/** What the protocol and the HTTP interface open sessions on. */
import { SqlensError, SqlState } from '../common/errors.ts';
import { Catalog } from './catalog/catalog.ts';
import type { Backend, BackendSession, SessionStart } from './query/api.ts';
import type { Engine } from './query/engine.ts';
import { Session } from './query/session.ts';

/** The name of the one database there is. */
export const DATABASE_NAME = 'sqlens';

export class EngineBackend implements Backend {
  readonly #engine: Engine;
  readonly #catalog: Catalog;
  readonly #sessions = new Set<Session>();
  #lastId = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#catalog = new Catalog({
      answers: () => false,
      mirror: { request: () => Promise.reject(noMirror()), close: () => Promise.resolve() },
      schema: {
        changed: () => undefined,
        upToDate: () => Promise.resolve(),
        overlayFor: () => Promise.resolve([]),
      },
      activity: () => [...this.#sessions].map(({ activity }) => activity),
    });
  }

  async openSession(start: SessionStart): Promise<BackendSession> {
    if (start.database !== DATABASE_NAME && start.database !== start.user) {
      throw new SqlensError({
        sqlState: SqlState.invalidCatalogName,
        message: `database "${start.database}" does not exist`,
        hint: `The database is called ${DATABASE_NAME}.`,
      });
    }
    const session = await Session.open(this.#engine, this.#catalog, ++this.#lastId, start);
    this.#sessions.add(session);
    session.onClosed = () => this.#sessions.delete(session);
    return session;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sessions].map((session) => session.close()));
    this.#sessions.clear();
  }
}

function noMirror(): SqlensError {
  return new SqlensError({ sqlState: SqlState.featureNotSupported, message: 'the catalog has no mirror' });
}
