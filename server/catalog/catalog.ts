/**
 * Answers the statements that touch the catalog alone: PostgreSQL itself does, in a process of its own, over an empty
 * mirror of what SQLens has. A statement goes there whole, as the messages of the protocol, and its rows come back
 * the same way; nothing is kept there between two of them.
 */

import type { DuckDBConnection } from '@duckdb/node-api';
import { messageOf, unreachable } from '../../common/errors.ts';
import type { Logger } from '../../udf-registry/logger.ts';
import type { BoundStatement, CatalogExecution, CatalogStatement, Role } from '../query/api.ts';
import type { RelationOrigin } from '../query/describe/column-origins.ts';
import { EngineNames, NamesCache } from '../query/engine/known-names.ts';
import type { CatalogSession, SessionActivity } from './api.ts';
import { factsOf } from './facts.ts';
import {
  type CatalogEffect,
  type CatalogReply,
  describeMessages,
  executeMessages,
  readDataRow,
  readReply,
} from './messages.ts';
import type { Mirror } from './mirror/mirror.ts';
import { isRoleName } from './mirror/roles.ts';
import { prologueOf } from './prologue.ts';
import type { SessionCall } from './routing/constants.ts';
import { type MirrorRows, materialise } from './routing/materialise.ts';
import { mentionsCatalog } from './routing/names.ts';
import type { MixedPlan } from './routing/plan.ts';
import { type Route, routeOf } from './routing/route.ts';
import { type AnswerMode, forMirror } from './routing/session-values.ts';
import type { SchemaSync } from './schema/index.ts';

export interface CatalogPorts {
  /** The process that PostgreSQL runs in. */
  readonly mirror: Mirror;
  /** What keeps it at what the engine has. */
  readonly schema: SchemaSync;
}

export interface CatalogOptions extends CatalogPorts {
  /** The users of the password file, another map whenever they change; none without one. */
  readonly logins: () => ReadonlyMap<string, Role>;
  /** The sessions there are now. */
  readonly activity: () => readonly SessionActivity[];
  /** Runs something on a connection that sees what is committed. */
  readonly logger: Logger;
  readonly withUtility: <T>(work: (connection: DuckDBConnection) => Promise<T>) => Promise<T>;
}

/** A statement for the mirror, with the calls in it that the session answers. */
interface RoutedStatement extends CatalogStatement {
  readonly sessionCalls: readonly SessionCall[];
}

function isRouted(statement: CatalogStatement): statement is RoutedStatement {
  return 'sessionCalls' in statement;
}

export class Catalog {
  readonly #options: CatalogOptions;
  readonly #names = new NamesCache();
  #warmUp: NodeJS.Timeout | undefined;
  #knownLogins: ReadonlyMap<string, Role> | undefined;

  constructor(options: CatalogOptions) {
    this.#options = options;
  }

  /** Starts the process behind it a little later, so that the first who needs it need not wait. */
  warmUp(): void {
    const { schema, logger } = this.#options;
    this.#warmUp = setTimeout(() => {
      schema.upToDate().catch((error: unknown) => {
        logger.warn({ reason: messageOf(error) }, 'the catalog could not be started ahead of its first use');
      });
    }, WARM_UP_DELAY_MS).unref();
  }

  /** To be called after every definition that was committed. */
  changed(): void {
    this.#names.changed();
    this.#options.schema.changed();
  }

  /** Where a statement goes. */
  route(sql: string, session: CatalogSession): Route | Promise<Route> {
    if (!mentionsCatalog(sql)) return ENGINE_ROUTE;
    return this.#namesFor(session).then((names) => routeOf(sql, names));
  }

  /**
   * Whether the session should answer by itself: nothing but calls about it are asked, and the catalog does not run yet,
   * or they are to end what keeps it busy.
   */
  isBetterAnsweredHere({ sessionCalls, sessionPlan }: Extract<Route, { kind: 'catalog' }>): boolean {
    if (sessionPlan === undefined) return false;
    const isSignal = sessionCalls.some(({ name }) => /^pg_(?:cancel|terminate)_backend$/.test(name));
    return isSignal || this.#options.mirror.stats().state !== 'ready';
  }

  /** The numbers of a relation in the catalog, as far as they are known by now; nobody waits for them. */
  originOf(schema: string, name: string): RelationOrigin | undefined {
    return this.#options.schema.origins.find(schema, name);
  }

  /** Another number whenever `originOf` may find something else. */
  get originsVersion(): number {
    return this.#options.schema.origins.version;
  }

  /**
   * The text that the engine runs for a statement that needs both it and the catalog.
   * @param parameters as texts, when it is to be executed
   * @throws SqlensError what PostgreSQL refuses of the parts
   */
  async rewrite(
    plan: MixedPlan,
    mode: AnswerMode,
    session: CatalogSession,
    signal: AbortSignal,
    parameters?: readonly (string | null)[],
  ): Promise<string> {
    const facts = await factsOf(session, await this.#namesFor(session), parameters);
    const text = await materialise(plan, facts, mode, (sql) => this.#query(sql, session, signal));
    await facts.settle();
    return text;
  }

  /**
   * @param sessionCalls of the statement's route
   * @throws SqlensError what PostgreSQL refuses, with its SQLSTATE and position
   */
  async prepare(
    sql: string,
    sessionCalls: readonly SessionCall[],
    parameterOids: readonly number[],
    session: CatalogSession,
    signal: AbortSignal,
  ): Promise<CatalogStatement> {
    const answered = await this.#answered(sql, sessionCalls, 'describe', session);
    const reply = await this.#ask(sql, describeMessages(answered, parameterOids), session, signal);
    const statement: RoutedStatement = {
      sessionCalls,
      kind: 'catalog',
      text: sql,
      parameterOids: reply.parameterOids,
      columns: reply.columns,
      isEmpty: false,
    };
    return statement;
  }

  async execute(
    { statement, ...binding }: Extract<BoundStatement, { kind: 'catalog' }>,
    session: CatalogSession,
    signal: AbortSignal,
  ): Promise<CatalogExecution> {
    const { text, parameterOids } = statement;
    const calls = isRouted(statement) ? statement.sessionCalls : [];
    const sql = await this.#answered(text, calls, 'execute', session);
    const reply = await this.#ask(text, executeMessages({ ...binding, sql, parameterOids }), session, signal);
    for (const notice of reply.notices) session.notice(notice);
    return executionOf(statement, reply);
  }

  async close(): Promise<void> {
    clearTimeout(this.#warmUp);
    await this.#options.mirror.close();
  }

  async #namesFor(session: CatalogSession): Promise<EngineNames> {
    const { connection, stamp } = session.ownDefinitions;
    if (stamp > 0) return EngineNames.read(connection);
    return this.#names.current(() => this.#options.withUtility((connection) => EngineNames.read(connection)));
  }

  async #answered(
    sql: string,
    calls: readonly SessionCall[],
    mode: AnswerMode,
    session: CatalogSession,
  ): Promise<string> {
    if (calls.length === 0) return sql;
    const facts = await factsOf(session, await this.#namesFor(session));
    const answered = forMirror(sql, calls, facts, mode);
    await facts.settle();
    return answered;
  }

  /** The rows of a part of a statement, every value as its text. */
  async #query(sql: string, session: CatalogSession, signal: AbortSignal): Promise<MirrorRows> {
    const nothing = { parameterOids: [], parameters: [], parameterFormats: [], resultFormats: [] };
    const bytes = Buffer.concat([describeMessages(sql, []), executeMessages({ sql, ...nothing })]);
    const { columns = [], rows } = await this.#ask(sql, bytes, session, signal);
    return {
      columns: columns.map(({ name, oid }) => ({ name, typeOid: oid })),
      rows: rows.map(readDataRow),
    };
  }

  /** Those who have not come yet, too: has_table_privilege('somebody', …) may ask about them. */
  async #ensureLogins(): Promise<void> {
    const logins = this.#options.logins();
    if (logins === this.#knownLogins) return;
    const isPossible = ([name, role]: readonly [string, Role]) =>
      isRoleName(name) && name !== (role === 'admin' ? 'analyst' : 'admin');
    await this.#options.mirror.ensureRoles([...logins].filter(isPossible));
    this.#knownLogins = logins;
  }

  async #ask(
    sql: string,
    bytes: Buffer,
    session: CatalogSession,
    signal: AbortSignal,
  ): Promise<CatalogReply> {
    const { activity, mirror, schema } = this.#options;
    await schema.upToDate();
    await mirror.ensureRoles([[session.user, session.role]]);
    await this.#ensureLogins();
    const overlay = await schema.overlayFor(session.ownDefinitions);
    const prologue = prologueOf(sql, session, activity);
    const reply = readReply(await mirror.request({ prologue, overlay, bytes }, signal));
    for (const effect of reply.effects) await settle(effect, session);
    return reply;
  }
}

/** By then a server that was started for a moment has stopped, and one that is needed at once is at work. */
const WARM_UP_DELAY_MS = 1_500;

const ENGINE_ROUTE: Route = { kind: 'engine' };

/** How many rows leave at a time, so that other connections have their turn. */
const BATCH_ROWS = 256;

/** Does to the session, or to another, what the statement has asked for. */
async function settle(effect: CatalogEffect, session: CatalogSession): Promise<void> {
  switch (effect[0]) {
    case 'cancel':
    case 'terminate':
      session.signalBackend(effect[1], effect[0]);
      return;
    case 'notify':
      return session.notify(effect[1], effect[2]);
    case 'set':
      return session.setConfig(effect[1], effect[2], effect[3]);
    default:
      return unreachable(effect);
  }
}

function executionOf(statement: CatalogStatement, { rows, commandTag }: CatalogReply): CatalogExecution {
  let at = 0;
  return {
    kind: 'catalog',
    columns: statement.columns,
    commandTag,
    async next() {
      if (at >= rows.length) return undefined;
      const messages = rows.slice(at, at + BATCH_ROWS);
      at += messages.length;
      return { rowCount: messages.length, messages };
    },
    async close() {
      at = rows.length;
    },
  };
}
