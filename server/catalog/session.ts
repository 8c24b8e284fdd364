/** What a session's answers depend on besides the catalog. */
export interface CatalogSession {
  readonly user: string;
  readonly database: string;
  /** The process id that BackendKeyData gave the client. */
  readonly processId: number;
  /** The value of a setting, undefined when there is none of that name. */
  setting(name: string): string | undefined;
}

/** The name of the one database, whatever its file is called. */
export const DATABASE = 'sqlens';

/** Owns everything: there are no roles. */
export const OWNER = 'sqlens';

export const SERVER_VERSION = '15.0';

export const anonymousSession: CatalogSession = {
  user: OWNER,
  database: DATABASE,
  processId: 0,
  setting: () => undefined,
};
