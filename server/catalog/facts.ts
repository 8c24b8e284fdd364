/** What a session tells the catalog of itself, and what a statement does to the session on its way. */
import { isIP } from 'node:net';
import { SqlensError, SqlState } from '../../common/errors.ts';
import type { EngineNames } from '../query/engine/known-names.ts';
import type { CatalogSession } from './api.ts';
import type { SessionFacts } from './routing/session-values.ts';
import { searchPathNames } from './search-path.ts';

export const SERVER_START = new Date(Date.now() - process.uptime() * 1000);

export interface SettlingFacts extends SessionFacts {
  /** Does what the statement asked for: set_config, pg_notify. */
  settle(): Promise<void>;
}

/** @param parameters of the statement as texts, when it is executed */
export async function factsOf(
  session: CatalogSession,
  names: EngineNames,
  parameters?: readonly (string | null)[],
): Promise<SettlingFacts> {
  const effects: (() => Promise<void>)[] = [];
  // What the statement itself has set so far.
  const changed = new Map<string, string>();
  const { socket } = session;
  return {
    user: session.user,
    database: session.database,
    processId: session.processId,
    versionText: session.versionText,
    schemas: schemasOf(session, names),
    setting: (name) => changed.get(name.toLowerCase()) ?? session.setting(name),
    startTime: SERVER_START.toISOString(),
    clientAddress: addressOf(session.remoteAddress),
    clientPort: socket?.remotePort ?? null,
    serverAddress: addressOf(socket?.localAddress ?? ''),
    serverPort: socket?.localPort ?? null,
    setConfig(name, value, isLocal) {
      changed.set(name.toLowerCase(), value);
      effects.push(() => session.setConfig(name, value, isLocal));
      return value;
    },
    notify(channel, payload) {
      effects.push(() => session.notify(channel, payload));
    },
    cancelBackend: (processId) => signal(session, processId, 'cancel'),
    terminateBackend: (processId) => signal(session, processId, 'terminate'),
    ...(parameters === undefined ? {} : { parameter: (number: number) => parameters[number - 1] ?? null }),
    async settle() {
      for (const effect of effects) await effect();
    },
  };
}

/** The schemas of the search path that there are. */
function schemasOf(session: CatalogSession, names: EngineNames): string[] {
  const path = session.setting('search_path') ?? '';
  return searchPathNames(path)
    .map((schema) => (schema === '$user' ? session.user : schema))
    .filter((schema) => schema === 'pg_catalog' || names.hasSchema(schema));
}

function signal(session: CatalogSession, processId: number, kind: 'cancel' | 'terminate'): boolean {
  const isThere = session.signalBackend(processId, kind);
  if (!isThere) {
    const message = `PID ${processId} is not a PostgreSQL server process`;
    session.notice({
      severity: 'WARNING',
      error: new SqlensError({ sqlState: SqlState.warning, message }),
    });
  }
  return isThere;
}

/** An address that inet reads; the server's own sessions have none. */
export function addressOf(remoteAddress: string): string | null {
  const address = remoteAddress.replace(/^::ffff:/, '');
  return isIP(address) === 0 ? null : address;
}
