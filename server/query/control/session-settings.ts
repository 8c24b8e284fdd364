/** The settings of a session at work: what they change in the engine, what the client is told, and the transaction. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { Notice } from '../api.ts';
import { messageOfDuckDB } from '../duckdb-errors.ts';
import { INTERNAL_SCHEMA } from '../sandbox.ts';
import type { SettingChange, Settings } from '../settings.ts';
import { quoteIdentifier, quoteLiteral } from '../tokens.ts';
import type { TransactionPart } from '../transaction.ts';

/** Settings that DuckDB keeps for each connection. */
const ENGINE_SETTINGS: readonly { readonly name: string; readonly sql: (value: string) => string }[] = [
  { name: 'TimeZone', sql: (value) => `SET TimeZone = ${quoteLiteral(value)}` },
  { name: 'search_path', sql: (value) => `SET search_path = ${quoteLiteral(enginePath(value))}` },
];

/** From the least to the most important; a client gets those at or above its client_min_messages. */
const SEVERITIES = ['debug5', 'debug4', 'debug3', 'debug2', 'debug1', 'log', 'notice', 'warning', 'error'];

export class SessionSettings implements TransactionPart {
  readonly #settings: Settings;
  readonly #report: (name: string, value: string) => void;
  /** What each connection has, by the setting's name; those of the engine's default are not in it. */
  readonly #applied = new WeakMap<DuckDBConnection, Map<string, string>>();

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
    const applied = this.#applied.get(connection) ?? new Map<string, string>();
    this.#applied.set(connection, applied);
    for (const { name, sql } of ENGINE_SETTINGS) {
      const value = this.#settings.get(name);
      const known = applied.get(name) ?? (name === 'search_path' ? '"$user", public' : undefined);
      if (value === known) continue;
      try {
        await connection.run(sql(value));
      } catch (error) {
        if (error instanceof SqlensError) throw error;
        throw new SqlensError({
          sqlState: SqlState.invalidParameterValue,
          message: `invalid value for parameter "${name}": "${value}"`,
          detail: messageOfDuckDB(error),
          cause: error,
        });
      }
      applied.set(name, value);
    }
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

/**
 * PostgreSQL's search path as DuckDB has it. Our own schema is always behind the user's, as pg_catalog is: first, it
 * would be where CREATE puts things.
 * @throws 42501 for the server's own schema
 */
export function enginePath(value: string): string {
  const schemas = value
    // Commas inside quotes are part of a name.
    .split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/)
    .map((schema) =>
      schema
        .trim()
        .replace(/^"(.*)"$/, '$1')
        .replaceAll('""', '"'),
    )
    .filter((schema) => schema !== '' && schema !== '$user' && !/^(pg_catalog|sqlens)$/i.test(schema));
  if (schemas.some((schema) => schema.toLowerCase() === INTERNAL_SCHEMA)) {
    throw new SqlensError({
      sqlState: SqlState.insufficientPrivilege,
      message: `schema ${INTERNAL_SCHEMA} belongs to the server`,
    });
  }
  // Quoted, each is one name: DuckDB would read "database.schema" out of it otherwise.
  return [...schemas, 'sqlens'].map(quoteIdentifier).join(',');
}
