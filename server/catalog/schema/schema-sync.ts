/**
 * Keeps the mirror at the newest committed state of DuckDB's catalog, and says what a session sees besides. A definition
 * that commits only raises a number; whoever needs the mirror next waits until it has caught up, together with all others
 * who wait.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { messageOf, SqlensError, SqlState } from '../../../common/errors.ts';
import type { Logger } from '../../../udf-registry/logger.ts';
import { openBook, readRefusals } from './applied-state.ts';
import { TIDY_FUNCTION } from './book.ts';
import { applyStatement, type Change } from './change.ts';
import { diff } from './diff.ts';
import type { Applied, AppliedEntry, State } from './entry.ts';
import type { MirrorPort } from './mirror-port.ts';
import { OriginMap } from './origins.ts';
import { bindViews, doubtfulViews } from './read/bind-views.ts';
import { readSnapshot } from './read/snapshot.ts';

/** Changes in one statement of the mirror: how long a text is put together at a time. */
const CHANGES_PER_STATEMENT = 100;
/**
 * A transaction locks all that it makes, a handful of things for each table, and PostgreSQL has room for 6,400 locks. What
 * is applied is noted in the same transaction, so it may take several.
 */
const STATEMENTS_PER_TRANSACTION = 5;

export interface SchemaSyncOptions {
  /** Runs work on a connection that belongs to no session and has no transaction open. */
  readonly withConnection: <T>(work: (connection: DuckDBConnection) => Promise<T>) => Promise<T>;
  readonly mirror: MirrorPort;
  readonly logger: Logger;
}

/** What a session has done that only it can see. */
export interface OwnDefinitions {
  readonly connection: DuckDBConnection;
  /**
   * Grows with everything that may change what the session alone sees: each of its definitions (also of temporary
   * objects) and each rollback behind one. 0: it has never defined anything, and DuckDB is not even asked.
   */
  readonly stamp: number;
}

interface Overlay {
  readonly stamp: number;
  readonly synced: number;
  readonly statements: readonly string[];
}

export class SchemaSync {
  readonly origins = new OriginMap();
  readonly #options: SchemaSyncOptions;
  #version = 1;
  /** The version that the mirror holds, 0 for none. */
  #synced = 0;
  #running: Promise<void> | undefined;
  #applied: Applied | undefined;
  /** Counts how often the mirror's content was lost. */
  #generation = 0;
  #oids: ReadonlyMap<string, number> = new Map();
  #isQueued = false;
  readonly #overlays = new WeakMap<DuckDBConnection, Overlay>();

  constructor(options: SchemaSyncOptions) {
    this.#options = options;
  }

  /** Whether the mirror holds all that was committed when this is asked. */
  get isUpToDate(): boolean {
    return this.#synced === this.#version;
  }

  /**
   * Called after each commit that may have changed the catalog. Costs nothing; where the mirror has been needed before,
   * it is brought up to date in the background.
   */
  changed(): void {
    this.#version++;
    if (this.#synced === 0 || this.#isQueued) return;
    this.#isQueued = true;
    setImmediate(() => {
      this.#isQueued = false;
      this.upToDate().catch((error: unknown) => {
        // Whoever needs the mirror next will try again, and be told.
        this.#options.logger.warn({ reason: messageOf(error) }, 'the catalog was not brought up to date');
      });
    });
  }

  /**
   * Resolves when the mirror holds all that was committed before the call.
   * @throws what the mirror or DuckDB throws; the next call starts over
   */
  async upToDate(): Promise<void> {
    const wanted = this.#version;
    while (this.#synced < wanted) {
      const running = this.#running ?? this.#start();
      try {
        await running;
      } catch (error) {
        // Another run may have taken its place: the mirror was lost meanwhile.
        if (this.#running === undefined || this.#running === running) throw error;
      }
    }
  }

  /**
   * The mirror has lost what it held, or may have: it is read again, and what is missing is made. A run under way is given
   * up, not waited for: it may itself wait for the mirror to be filled.
   */
  async rebuild(): Promise<void> {
    this.#generation++;
    this.#applied = undefined;
    this.#synced = 0;
    this.#start();
    await this.upToDate();
  }

  /**
   * Statements to run in the mirror, as its superuser and inside one request's transaction, so that the request sees what
   * its session sees: temporary objects and definitions that are not committed. To be called after upToDate().
   */
  async overlayFor({ connection, stamp }: OwnDefinitions): Promise<readonly string[]> {
    if (stamp === 0 || this.#applied === undefined) return [];
    const known = this.#overlays.get(connection);
    if (known?.stamp === stamp && known.synced === this.#synced) return known.statements;
    const synced = this.#synced;
    const applied = this.#applied;
    const oids = this.#oids;
    const seen = await readSnapshot(connection);
    const statements = await statementsOf(diff(applied, oids, seen), false);
    this.#overlays.set(connection, { stamp, synced, statements });
    return statements;
  }

  #start(): Promise<void> {
    const running = this.#sync(this.#generation).finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  /** @param generation of the mirror's content, with which this run ends */
  async #sync(generation: number): Promise<void> {
    const { withConnection } = this.#options;
    const mirror = this.#mirrorOf(generation);
    const version = this.#version;
    try {
      const applied = this.#applied ?? (await this.#open(mirror));
      const { wanted, changes } = await withConnection((connection) => this.#compare(connection, applied));
      await this.#apply(mirror, changes);
      const { now, refusedInPlace } = await this.#outcome(mirror, applied, wanted, changes);
      let latest = now;
      if (refusedInPlace.size > 0) {
        const again = diff(now, wanted.oids, wanted, { anew: refusedInPlace });
        await this.#apply(mirror, again);
        latest = (await this.#outcome(mirror, now, wanted, again)).now;
        changes.push(...again);
      }
      const isFirst = this.#synced === 0;
      const names = new Set(changes.map(({ object }) => ('table' in object ? object.table : object.name)));
      if (isFirst || names.size > 0) {
        await this.origins.read(mirror, wanted.entries.values(), isFirst ? undefined : names);
      }
      this.#applied = latest;
      this.#oids = wanted.oids;
      this.#synced = version;
    } catch (error) {
      // What the mirror holds now is not known; it will say.
      if (generation === this.#generation) this.#applied = undefined;
      throw error;
    }
  }

  async #compare(
    connection: DuckDBConnection,
    applied: Applied,
  ): Promise<{ wanted: State; changes: Change[] }> {
    const compare = async () => {
      const wanted = await readSnapshot(connection);
      return { wanted, changes: diff(applied, this.#oids, wanted, { retryRefused: true }) };
    };
    const first = await compare();
    const doubtful = doubtfulViews(first.changes, first.wanted, this.#oids.size === 0);
    if (doubtful.length === 0) return first;
    await bindViews(connection, doubtful);
    return compare();
  }

  /** The mirror as long as its content is of that generation. */
  #mirrorOf(generation: number): MirrorPort {
    const { mirror } = this.#options;
    const check = <T>(value: T): T => {
      if (generation === this.#generation) return value;
      throw new SqlensError({
        sqlState: SqlState.cannotConnectNow,
        message: 'the catalog is being made anew',
        hint: 'Try again.',
      });
    };
    return {
      apply: async (statements) => check(await mirror.apply(check(statements))),
      query: async (sql) => check(await mirror.query(check(sql))),
    };
  }

  async #open(mirror: MirrorPort): Promise<Map<string, AppliedEntry>> {
    this.#oids = new Map();
    return openBook(mirror);
  }

  async #apply(mirror: MirrorPort, changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return;
    const statements = await statementsOf(changes, true);
    const isRemoving = changes.some(({ definition, inPlace }) => definition === null || inPlace);
    if (isRemoving) statements.push(`SELECT ${TIDY_FUNCTION}()`);
    for (let at = 0; at < statements.length; at += STATEMENTS_PER_TRANSACTION) {
      await mirror.apply(statements.slice(at, at + STATEMENTS_PER_TRANSACTION));
    }
  }

  /** What the mirror holds after changes, and what was to be changed in place and was refused. */
  async #outcome(
    mirror: MirrorPort,
    former: Applied,
    wanted: State,
    changes: readonly Change[],
  ): Promise<{ now: Applied; refusedInPlace: ReadonlySet<string> }> {
    const reasons = changes.length === 0 ? undefined : await readRefusals(mirror);
    const inPlace = new Set(changes.filter((change) => change.inPlace).map(({ id }) => id));
    const refusedInPlace = new Set<string>();
    const now = new Map<string, AppliedEntry>();
    for (const [id, entry] of wanted.entries) {
      const known = former.get(id)?.refused;
      const refused = reasons === undefined ? known : reasons.get(id);
      now.set(id, { ...entry, refused });
      if (refused === undefined) continue;
      if (inPlace.has(id)) refusedInPlace.add(id);
      else if (known !== refused) this.#logRefusal(entry.object, refused);
    }
    return { now, refusedInPlace };
  }

  #logRefusal(object: AppliedEntry['object'], reason: string): void {
    const { kind, schema, name } = object;
    this.#options.logger.warn({ kind, schema, name, reason }, 'the catalog does not show an object');
  }
}

async function statementsOf(changes: readonly Change[], recorded: boolean): Promise<string[]> {
  const statements: string[] = [];
  for (let at = 0; at < changes.length; at += CHANGES_PER_STATEMENT) {
    statements.push(applyStatement(changes.slice(at, at + CHANGES_PER_STATEMENT), recorded));
    await nextTurn();
  }
  return statements;
}
