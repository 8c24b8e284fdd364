/** The prepared statements and portals of one session, by name, within limits. */
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { BoundStatement, PreparedStatement } from '../../query/api.ts';
import type { Format } from '../codec/frontend.ts';
import type { WireLimits } from '../options.ts';
import type { PortalStream } from './row-stream.ts';

export interface NamedStatement {
  readonly prepared: PreparedStatement;
  /** As the client declared them, 0 where it did not. */
  readonly declaredOids: readonly number[];
  readonly held_bytes: number;
}

export type PortalState =
  | { readonly kind: 'ready' }
  | { readonly kind: 'running'; readonly stream: PortalStream }
  /** Its rows have all been sent. */
  | { readonly kind: 'ended' };

export interface Portal {
  readonly name: string;
  readonly statement: NamedStatement;
  readonly bound: BoundStatement;
  readonly resultFormats: readonly Format[];
  readonly held_bytes: number;
  state: PortalState;
}

export class Registry {
  readonly #limits: WireLimits;
  readonly #statements = new Map<string, NamedStatement>();
  readonly #portals = new Map<string, Portal>();
  #held_bytes = 0;

  constructor(limits: WireLimits) {
    this.#limits = limits;
  }

  /** @throws SqlensError 26000 */
  statement(name: string): NamedStatement {
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

  /** @throws SqlensError 42P05 for a name in use */
  checkNewStatement(name: string): void {
    if (name === '' || !this.#statements.has(name)) return;
    throw new SqlensError({
      sqlState: SqlState.duplicatePreparedStatement,
      message: `prepared statement "${name}" already exists`,
      hint: 'Close or DEALLOCATE the statement first, or use another name.',
    });
  }

  /** @throws SqlensError 53400 beyond the limits */
  addStatement(name: string, statement: NamedStatement): void {
    this.closeStatement(name);
    this.#checkRoom(this.#statements.size, this.#limits.maxPreparedStatements, 'prepared statements');
    this.#hold(statement.held_bytes);
    this.#statements.set(name, statement);
  }

  closeStatement(name: string): void {
    const statement = this.#statements.get(name);
    if (statement === undefined) return;
    this.#statements.delete(name);
    this.#held_bytes -= statement.held_bytes;
  }

  /** @throws SqlensError 34000 */
  portal(name: string): Portal {
    const portal = this.#portals.get(name);
    if (portal !== undefined) return portal;
    throw new SqlensError({
      sqlState: SqlState.invalidCursorName,
      message: `portal "${name}" does not exist`,
      hint: 'Bind it first; portals end with their transaction.',
    });
  }

  /** @throws SqlensError 42P03 for a name in use */
  checkNewPortal(name: string): void {
    if (name === '' || !this.#portals.has(name)) return;
    throw new SqlensError({
      sqlState: SqlState.duplicateCursor,
      message: `cursor "${name}" already exists`,
      hint: 'Close the portal first, or use another name.',
    });
  }

  /** @throws SqlensError 53400 beyond the limits */
  addPortal(portal: Portal): void {
    this.#checkRoom(this.#portals.size, this.#limits.maxPortals, 'portals');
    this.#hold(portal.held_bytes);
    this.#portals.set(portal.name, portal);
  }

  async closePortal(name: string): Promise<void> {
    const portal = this.#portals.get(name);
    if (portal === undefined) return;
    this.#portals.delete(name);
    this.#held_bytes -= portal.held_bytes;
    if (portal.state.kind === 'running') await portal.state.stream.execution.close();
  }

  /** What the end of a transaction does. */
  async closePortals(): Promise<void> {
    for (const name of [...this.#portals.keys()]) await this.closePortal(name);
  }

  #checkRoom(count: number, max: number, what: string): void {
    if (count < max) return;
    throw new SqlensError({
      sqlState: SqlState.configurationLimitExceeded,
      message: `a session may have at most ${max} ${what}`,
      hint: `Close ${what} that are no longer needed.`,
    });
  }

  #hold(held_bytes: number): void {
    if (this.#held_bytes + held_bytes > this.#limits.maxHeld_bytes) {
      throw new SqlensError({
        sqlState: SqlState.configurationLimitExceeded,
        message: `the prepared statements and portals of a session may hold at most ${this.#limits.maxHeld_bytes} bytes`,
        hint: 'Close statements and portals that are no longer needed, or send long parameters in several statements.',
      });
    }
    this.#held_bytes += held_bytes;
  }
}
