/**
 * The prepared statements of one session. PREPARE and the protocol's Parse share them, as in PostgreSQL: EXECUTE and
 * DEALLOCATE reach what Parse has named, and Bind what PREPARE has.
 */
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { PreparedStatement } from '../api.ts';

export interface NamedStatement {
  readonly prepared: PreparedStatement;
  /** As the client declared them, 0 where it did not. */
  readonly declaredOids: readonly number[];
  /** The text that positions of errors count in, and where in it the statement begins. */
  readonly source: { readonly sql: string; readonly offset: number };
  readonly held_bytes: number;
  readonly from: 'sql' | 'protocol';
  /** What the client sent: for PREPARE the whole statement. */
  readonly text: string;
  readonly preparedAt: Date;
}

export interface StatementLimits {
  readonly maxStatements: number;
  /** SQL text that the statements of one session may hold. */
  readonly maxHeld_bytes: number;
}

const defaultLimits: StatementLimits = { maxStatements: 5_000, maxHeld_bytes: 256 * 1024 * 1024 };

/** What a statement takes besides its text; keeps empty ones from being free. */
const OVERHEAD_BYTES = 1024;

/** What a statement counts for. */
export function heldByStatement(sql: string): number {
  return OVERHEAD_BYTES + 2 * sql.length;
}

export class PreparedStatements {
  /** The protocol has some of its own. */
  limits: StatementLimits = defaultLimits;
  readonly #statements = new Map<string, NamedStatement>();
  #held_bytes = 0;

  get size(): number {
    return this.#statements.size;
  }

  get held_bytes(): number {
    return this.#held_bytes;
  }

  find(name: string): NamedStatement | undefined {
    return this.#statements.get(name);
  }

  /** @throws 26000 */
  get(name: string): NamedStatement {
    const statement = this.#statements.get(name);
    if (statement !== undefined) return statement;
    throw new SqlensError({
      sqlState: SqlState.invalidSqlStatementName,
      message:
        name === ''
          ? 'unnamed prepared statement does not exist'
          : `prepared statement "${name}" does not exist`,
      hint: 'Prepare the statement first; statements belong to one session and end with it.',
    });
  }

  /** @throws 42P05 for a name in use; the unnamed statement may always be replaced */
  checkNew(name: string): void {
    if (name === '' || !this.#statements.has(name)) return;
    throw new SqlensError({
      sqlState: SqlState.duplicatePreparedStatement,
      message: `prepared statement "${name}" already exists`,
      hint: 'Close or DEALLOCATE the statement first, or use another name.',
    });
  }

  /** @throws 53400 beyond the limits */
  add(name: string, statement: NamedStatement): void {
    this.delete(name);
    const { maxStatements, maxHeld_bytes } = this.limits;
    if (this.#statements.size >= maxStatements) {
      throw new SqlensError({
        sqlState: SqlState.configurationLimitExceeded,
        message: `a session may have at most ${maxStatements} prepared statements`,
        hint: 'Close or DEALLOCATE those that are no longer needed.',
      });
    }
    if (this.#held_bytes + statement.held_bytes > maxHeld_bytes) {
      throw new SqlensError({
        sqlState: SqlState.configurationLimitExceeded,
        message: `the prepared statements of a session may hold at most ${maxHeld_bytes} bytes`,
        hint: 'Close or DEALLOCATE those that are no longer needed.',
      });
    }
    this.#statements.set(name, statement);
    this.#held_bytes += statement.held_bytes;
  }

  /** @returns whether there was one of that name */
  delete(name: string): boolean {
    const statement = this.#statements.get(name);
    if (statement === undefined) return false;
    this.#statements.delete(name);
    this.#held_bytes -= statement.held_bytes;
    return true;
  }

  /** DEALLOCATE ALL: all but the unnamed one, which has no name to be known by. */
  clear(): void {
    for (const name of [...this.#statements.keys()]) {
      if (name !== '') this.delete(name);
    }
  }

  /** For pg_prepared_statements. */
  list(): (NamedStatement & { readonly name: string })[] {
    return [...this.#statements]
      .filter(([name]) => name !== '')
      .map(([name, statement]) => ({ name, ...statement }));
  }
}
