/** The settings of a session at work: what they change in the engine, what the client is told, and the transaction. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { searchPathNames } from '../../catalog/search-path.ts';
import type { Notice } from '../api.ts';
import { messageOfDuckDB } from '../engine/duckdb-errors.ts';
import { INTERNAL_SCHEMA } from '../sandbox.ts';
import type { TransactionPart } from '../session/transaction.ts';
import type { SettingChange, Settings } from '../settings/settings.ts';
import { quoteIdentifier, quoteLiteral } from '../text/tokens.ts';

const DEFAULT_PATH = '"$user", public';

/** What the engine knows of one connection. */
interface Applied {
  timeZone: string | undefined;
  path: string;
  /** A schema of the path did not exist. */
  isPartial: boolean;
}

/** From the least to the most important; a client gets those at or above its client_min_messages. */
const SEVERITIES = ['debug5', 'debug4', 'debug3', 'debug2', 'debug1', 'log', 'notice', 'warning', 'error'];

export class SessionSettings implements TransactionPart {
  readonly #settings: Settings;
  readonly #report: (name: string, value: string) => void;
  readonly #applied = new WeakMap<DuckDBConnection, Applied>();

  constructor(settings: Settings, report: (name: string, value: string) => void) {
    this.#settings = settings;
    this.#report = report;
  }

  begin(): void {
    this.#settings.begin();
  }

  mark(): () => Promise<void> {
    const mark = this.#settings.mark();
    return async () => this.tell(this.#settings.restore(mark));
  }

  async ended(committed: boolean): Promise<void> {
    this.tell(committed ? this.#settings.commit() : this.#settings.rollback());
  }

  /** ParameterStatus for what the client follows. */
  tell(changes: readonly SettingChange[]): void {
    for (const { name, value, reported } of changes) if (reported) this.#report(name, value);
  }

  /**
   * Makes a connection follow the settings, where it does not yet: before every statement, since a rollback may have
   * changed them while an aborted transaction kept the engine from being told.
   * @throws 22023 for what the engine does not take
   */
  async apply(connection: DuckDBConnection): Promise<void> {
    const applied = this.#applied.get(connection) ?? {
      timeZone: undefined,
      path: DEFAULT_PATH,
      isPartial: false,
    };
    this.#applied.set(connection, applied);
    const timeZone = this.#settings.get('TimeZone');
    if (timeZone !== applied.timeZone) {
      await told(connection, 'TimeZone', timeZone, timeZone);
      applied.timeZone = timeZone;
    }
    const path = this.#settings.get('search_path');
    // A schema that was not there may be there by now.
    if (path === applied.path && !applied.isPartial) return;
    const { schemas, isPartial } = await existing(connection, path);
    await told(connection, 'search_path', path, schemas.map(quoteIdentifier).join(','));
    applied.path = path;
    applied.isPartial = isPartial;
  }

  /** Whether client_min_messages lets a notice through; INFO always gets through, as it was asked for. */
  lets(severity: Notice['severity']): boolean {
    if (severity === 'INFO') return true;
    return SEVERITIES.indexOf(severity.toLowerCase()) >= SEVERITIES.indexOf(this.#leastSeverity());
  }

  #leastSeverity(): string {
    const value = this.#settings.get('client_min_messages');
    return value === 'info' ? 'notice' : value;
  }
}

async function told(
  connection: DuckDBConnection,
  name: string,
  value: string,
  engineValue: string,
): Promise<void> {
  try {
    await connection.run(`SET ${name} = ${quoteLiteral(engineValue)}`);
  } catch (error) {
    throw new SqlensError({
      sqlState: SqlState.invalidParameterValue,
      message: `invalid value for parameter "${name}": "${value}"`,
      detail: messageOfDuckDB(error),
      cause: error,
    });
  }
}

/**
 * PostgreSQL's search path as DuckDB has it, which knows only schemas that exist. Our own schema is always behind the
 * user's, as pg_catalog is: first, it would be where CREATE puts things. So where no schema is left, the first one is
 * one that takes nothing.
 * @throws 42501 for the server's own schema
 */
async function existing(
  connection: DuckDBConnection,
  path: string,
): Promise<{ readonly schemas: readonly string[]; readonly isPartial: boolean }> {
  const wanted = searchPathNames(path).filter(
    (name) => name !== '' && !/^(\$user|pg_catalog|sqlens)$/i.test(name),
  );
  if (wanted.some((name) => name.toLowerCase() === INTERNAL_SCHEMA)) {
    throw new SqlensError({
      sqlState: SqlState.insufficientPrivilege,
      message: `schema ${INTERNAL_SCHEMA} belongs to the server`,
    });
  }
  if (wanted.length === 0) return { schemas: ['pg_catalog', 'sqlens'], isPartial: false };
  const found = await connection.runAndReadAll(
    "SELECT DISTINCT lower(schema_name) FROM duckdb_schemas() WHERE database_name NOT IN ('system', 'temp')",
  );
  const known = new Set(found.getRows().map(([name]) => String(name)));
  const schemas = wanted.filter((name) => known.has(name.toLowerCase()));
  return {
    schemas: [...(schemas.length === 0 ? ['pg_catalog'] : schemas), 'sqlens'],
    isPartial: schemas.length < wanted.length,
  };
}
