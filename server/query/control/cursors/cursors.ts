/** The cursors of a session. They and the protocol's portals have their names in one place, as in PostgreSQL. */
import { SqlensError, SqlState } from '../../../../common/errors.ts';
import type { BoundStatement, Execution } from '../../api.ts';
import type { TransactionPart } from '../../session/transaction.ts';
import type { Cursor } from './cursor.ts';

const MAX_CURSORS = 200;

/** Runs a portal's statement from within another one, its rows free of the session's connection. */
export type StartPortal = (bound: BoundStatement) => Promise<Execution>;

/** The protocol's side of the namespace. */
export interface ForeignPortals {
  has(name: string): boolean;
  /** Makes a portal of the protocol a cursor that can be fetched from; undefined when there is none of that name. */
  asCursor(name: string, start: StartPortal): Promise<Cursor | undefined>;
  close(name: string): Promise<boolean>;
  closeAll(): Promise<void>;
}

const NO_PORTALS: ForeignPortals = {
  has: () => false,
  asCursor: async () => undefined,
  close: async () => false,
  closeAll: async () => undefined,
};

interface Entry {
  readonly cursor: Cursor;
  /** Of a transaction that is committed. */
  held: boolean;
}

export class Cursors implements TransactionPart {
  /** Set by the protocol. */
  portals: ForeignPortals = NO_PORTALS;
  readonly #entries = new Map<string, Entry>();

  /** @throws 42P03 for a name in use, 53400 beyond the limit */
  checkNew(name: string): void {
    if (this.#entries.has(name) || this.portals.has(name)) {
      throw new SqlensError({
        sqlState: SqlState.duplicateCursor,
        message: `cursor "${name}" already exists`,
        hint: 'CLOSE it first, or use another name.',
      });
    }
    if (this.#entries.size >= MAX_CURSORS) {
      throw new SqlensError({
        sqlState: SqlState.configurationLimitExceeded,
        message: `a session may have at most ${MAX_CURSORS} cursors`,
        hint: 'CLOSE those that are no longer needed.',
      });
    }
  }

  /** @param held outside of a transaction block it outlives its statement at once */
  add(cursor: Cursor, held: boolean): void {
    this.#entries.set(cursor.name, { cursor, held });
  }

  find(name: string): Cursor | undefined {
    return this.#entries.get(name)?.cursor;
  }

  /** @throws 34000 */
  async get(name: string, start: StartPortal): Promise<Cursor> {
    const cursor = this.find(name) ?? (await this.portals.asCursor(name, start));
    if (cursor !== undefined) return cursor;
    throw unknownCursor(name);
  }

  /** @throws 34000 */
  async close(name: string): Promise<void> {
    if (!(await this.closeIfThere(name)) && !(await this.portals.close(name))) throw unknownCursor(name);
  }

  async closeIfThere(name: string): Promise<boolean> {
    const entry = this.#entries.get(name);
    if (entry === undefined) return false;
    this.#entries.delete(name);
    await entry.cursor.close();
    return true;
  }

  async closeAll(): Promise<void> {
    for (const name of [...this.#entries.keys()]) await this.closeIfThere(name);
    await this.portals.closeAll();
  }

  /** For pg_cursors. */
  list(): readonly Cursor[] {
    return [...this.#entries.values()].map(({ cursor }) => cursor);
  }

  mark(): () => Promise<void> {
    const before = new Set(this.list());
    return async () => {
      for (const cursor of this.list()) if (!before.has(cursor)) await this.closeIfThere(cursor.name);
    };
  }

  async ended(committed: boolean): Promise<void> {
    for (const [name, entry] of [...this.#entries]) {
      if (entry.held) continue;
      if (committed && entry.cursor.isHoldable) entry.held = true;
      else await this.closeIfThere(name);
    }
  }
}

function unknownCursor(name: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.invalidCursorName,
    message: `cursor "${name}" does not exist`,
    hint: 'DECLARE it first; without WITH HOLD it ends with its transaction.',
  });
}
