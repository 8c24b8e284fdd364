/** What a session tells the catalog of itself, and what a statement does to the session on its way. */
import type { EngineNames } from '../query/known-names.ts';
import type { CatalogSession } from './api.ts';
import type { SessionFacts } from './routing/session-values.ts';
import { searchPathNames } from './search-path.ts';

export interface SettlingFacts extends SessionFacts {
  /** Does what the statement asked for: set_config, pg_notify. */
  settle(): Promise<void>;
}

export async function factsOf(session: CatalogSession, names: EngineNames): Promise<SettlingFacts> {
  const effects: (() => Promise<void>)[] = [];
  return {
    user: session.user,
    database: session.database,
    processId: session.processId,
    versionText: session.versionText,
    schemas: schemasOf(session, names),
    setting: (name) => session.setting(name),
    setConfig(name, value, isLocal) {
      effects.push(() => session.setConfig(name, value, isLocal));
      return value;
    },
    notify(channel, payload) {
      effects.push(() => session.notify(channel, payload));
    },
    cancelBackend: (processId) => session.signalBackend(processId, 'cancel'),
    terminateBackend: (processId) => session.signalBackend(processId, 'terminate'),
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
