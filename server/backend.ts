/** What the protocol and the HTTP interface open sessions on. */
import { SqlensError, SqlState } from '../common/errors.ts';
import { Catalog, type CatalogPorts } from './catalog/catalog.ts';
import type { Backend, BackendSession, Role, SessionStart } from './query/api.ts';
import type { Engine } from './query/engine/engine.ts';
import { Session, type SessionPeers } from './query/session/session.ts';

/** The name of the one database there is. */
export const DATABASE_NAME = 'sqlens';

const NO_LOGINS: ReadonlyMap<string, Role> = new Map();

export class EngineBackend implements Backend, SessionPeers {
  readonly #engine: Engine;
  readonly #catalog: Catalog;
  readonly #sessions = new Set<Session>();
  #lastId = 0;

  constructor(
    engine: Engine,
    ports: CatalogPorts,
    logins: () => ReadonlyMap<string, Role> = () => NO_LOGINS,
  ) {
    this.#engine = engine;
    this.#catalog = new Catalog({
      ...ports,
      logins,
      activity: () => [...this.#sessions].map(({ activity }) => activity),
      logger: engine.options.logger,
      withUtility: (work) => engine.withUtility(work),
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
    const services = { engine: this.#engine, catalog: this.#catalog, peers: this };
    const session = await Session.open(services, ++this.#lastId, start);
    this.#sessions.add(session);
    session.onClosed = () => this.#sessions.delete(session);
    return session;
  }

  /** Starts the catalog's process when nobody has needed it for a while. */
  warmUp(): void {
    this.#catalog.warmUp();
  }

  signal(
    processId: number,
    signal: 'cancel' | 'terminate',
    by: { readonly user: string; readonly role: Role },
  ): boolean {
    const target = [...this.#sessions].find(({ activity }) => activity.processId === processId);
    // Those of the server itself have no number.
    if (target === undefined || processId === 0) return false;
    if (by.role !== 'admin' && by.user !== target.activity.user) {
      throw new SqlensError({
        sqlState: SqlState.insufficientPrivilege,
        message: `permission denied to ${signal === 'cancel' ? 'cancel query' : 'terminate process'}`,
        detail: 'The role analyst may act on sessions of the same user only.',
      });
    }
    target.cancel();
    if (signal === 'terminate') target.onTerminate();
    return true;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sessions].map((session) => session.close()));
    this.#sessions.clear();
    await this.#catalog.close();
  }
}
