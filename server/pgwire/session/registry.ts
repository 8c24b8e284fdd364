/** The portals of one session, by name, within limits. */
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { BoundStatement } from '../../query/api.ts';
import type { Cursors } from '../../query/control/cursors/cursors.ts';
import type { NamedStatement } from '../../query/session/prepared-statements.ts';
import type { Format } from '../codec/frontend.ts';
import type { WireLimits } from '../options.ts';
import type { PortalStream } from './row-stream.ts';

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
  /** SQL's cursors have their names in the same place. */
  readonly #cursors: Cursors;
  readonly #portals = new Map<string, Portal>();
  #held_bytes = 0;

  constructor(limits: WireLimits, cursors: Cursors) {
    this.#limits = limits;
    this.#cursors = cursors;
  }

  hasPortal(name: string): boolean {
    return this.#portals.has(name);
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
    if (name === '' || !(this.#portals.has(name) || this.#cursors.find(name) !== undefined)) return;
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

  /** CLOSE ALL: a portal that runs right now, CLOSE itself, has no name. */
  async closeNamedPortals(): Promise<void> {
    for (const name of [...this.#portals.keys()]) if (name !== '') await this.closePortal(name);
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
        message: `the portals of a session may hold at most ${this.#limits.maxHeld_bytes} bytes`,
        hint: 'Close portals that are no longer needed, or send long parameters in several statements.',
      });
    }
    this.#held_bytes += held_bytes;
  }
}
