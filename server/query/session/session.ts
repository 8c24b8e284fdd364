/** One client's session: takes statements from the protocol, sends each down its path, keeps the transaction. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { CatalogSession, SessionActivity } from '../../catalog/api.ts';
import type { Catalog } from '../../catalog/catalog.ts';
import { VERSION_TEXT } from '../../catalog/version.ts';
import type {
  BackendSession,
  BoundStatement,
  DeclaredType,
  Execution,
  Notice,
  Notification,
  ParameterValue,
  PreparedStatement,
  Role,
  RowsExecution,
  SessionStart,
  StatementText,
  TransactionStatus,
} from '../api.ts';
import { AdvisoryLocks } from '../control/advisory-locks.ts';
import { Cursors } from '../control/cursors/cursors.ts';
import { cursorRow, pgSettingsRow, preparedStatementRow } from '../control/listing.ts';
import { SessionNotifications } from '../control/notifications.ts';
import { checkReadOnly } from '../control/read-only.ts';
import { SessionSettings } from '../control/session-settings.ts';
import { assign } from '../control/set.ts';
import { sharedOf } from '../control/shared.ts';
import { checkAlone } from '../control/transactions.ts';
import { isParsed, type Parsed } from '../describe/parsed.ts';
import { StatementParser } from '../describe/statement-parser.ts';
import type { Engine } from '../engine/engine.ts';
import { PointStatements } from '../points/point-statements.ts';
import { KeptPlans } from '../reuse/kept-plans.ts';
import { ParsedStatements } from '../reuse/parsed-statements.ts';
import { finished, isOpenRows, type OpenRows } from '../run/executions.ts';
import { runStatement } from '../run/run-statement.ts';
import { Settings } from '../settings/settings.ts';
import {
  defines,
  endsFailure,
  isOfSession,
  joinsTransactions,
  onlyReads,
  seesSnapshot,
} from '../text/statement-traits.ts';
import { checkSyntax } from '../text/syntax.ts';
import { quoteIdentifier, quoteLiteral, splitStatements } from '../text/tokens.ts';
import { Activity } from './activity.ts';
import { Interruption } from './interruption.ts';
import { OwnObjects } from './own-objects.ts';
import { PreparedStatements } from './prepared-statements.ts';
import type { SessionContext } from './session-context.ts';
import { StatementTimer } from './statement-timer.ts';
import { Transaction } from './transaction.ts';

/** Other sessions, as far as one may act on them. */
export interface SessionPeers {
  /** @returns whether there is such a session; throws 42501 when it is somebody else's */
  signal(
    processId: number,
    signal: 'cancel' | 'terminate',
    by: { readonly user: string; readonly role: Role },
  ): boolean;
}

export interface SessionServices {
  readonly engine: Engine;
  readonly catalog: Catalog;
  readonly peers: SessionPeers;
}

export class Session implements BackendSession {
  onNotice: (notice: Notice) => void = () => undefined;
  onParameterStatus: (name: string, value: string) => void = () => undefined;
  onTerminate: () => void = () => undefined;
  onClosed: () => void = () => undefined;
  readonly #engine: Engine;
  readonly #catalog: Catalog;
  readonly #peers: SessionPeers;
  readonly #connection: DuckDBConnection;
  readonly #id: number;
  readonly #user: string;
  readonly #transaction: Transaction;
  readonly #settings: Settings;
  readonly statements = new PreparedStatements();
  readonly cursors = new Cursors();
  onNotification: () => void = () => undefined;
  readonly #sessionSettings: SessionSettings;
  readonly #notifications: SessionNotifications;
  readonly #advisoryLocks: AdvisoryLocks;
  /** Of cursors. */
  readonly #otherConnections = new Set<DuckDBConnection>();
  readonly #catalogSession: CatalogSession;
  readonly #activity: Activity;
  readonly #points: PointStatements;
  readonly #known = new ParsedStatements();
  readonly #plans: KeptPlans;
  readonly #own = new OwnObjects();
  #side: DuckDBConnection | undefined;
  #controller = new AbortController();
  #open: OpenRows | undefined;
  #closed = false;
  #busy: Promise<unknown> = Promise.resolve();
  /** Statements under way. */
  #working = 0;
  readonly #interruption = new Interruption({
    connections: () => [this.#connection, this.#side, ...this.#otherConnections],
    isWorking: () => this.#working > 0 || this.#open?.isPulling === true,
  });
  readonly #parser: StatementParser;

  private constructor(
    { engine, catalog, peers }: SessionServices,
    connection: DuckDBConnection,
    id: number,
    start: SessionStart,
  ) {
    this.#engine = engine;
    this.#catalog = catalog;
    this.#peers = peers;
    this.#connection = connection;
    this.#id = id;
    this.#user = start.user;
    this.#settings = new Settings(
      new Map([
        ['application_name', start.applicationName],
        ['session_authorization', start.user],
      ]),
    );
    const shared = sharedOf(engine);
    this.#sessionSettings = new SessionSettings(this.#settings, (name, value) =>
      this.onParameterStatus(name, value),
    );
    this.#notifications = new SessionNotifications(shared.notifications, start.processId, () =>
      this.onNotification(),
    );
    this.#advisoryLocks = new AdvisoryLocks(shared.advisoryLocks);
    this.#transaction = new Transaction(connection, [
      this.#sessionSettings,
      this.cursors,
      this.#advisoryLocks,
      this.#notifications,
    ]);
    this.#points = new PointStatements(engine.points);
    this.#plans = new KeptPlans(engine.plans, () => this.#planStamp());
    this.#activity = new Activity(start);
    this.#catalogSession = this.#asSeenByCatalog(start);
    this.#parser = new StatementParser({
      catalog,
      catalogSession: this.#catalogSession,
      role: start.role,
      context: () => this.#context(),
    });
  }

  /** @throws when a setting of the startup message is wrong */
  static async open(services: SessionServices, id: number, start: SessionStart): Promise<Session> {
    const session = new Session(services, await services.engine.connect(), id, start);
    try {
      for (const [name, value] of start.settings) {
        await assign(session.#context(), name, value, 'session', 'startup');
      }
      session.#settings.rememberAsReset();
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  get transactionStatus(): TransactionStatus {
    return this.#transaction.status;
  }

  parameterStatuses(): readonly (readonly [string, string])[] {
    return this.#settings.reported();
  }

  settingText(name: string): string {
    return this.#settings.get(name);
  }

  settingNumber(name: string): number {
    return this.#settings.number(name);
  }

  takeNotifications(): readonly Notification[] {
    return this.#transaction.isOpen ? [] : this.#notifications.take();
  }

  split(sql: string): StatementText[] {
    return splitStatements(sql);
  }

  async checkSyntax(sql: string): Promise<void> {
    await this.#exclusively(async () => {
      await this.#settleOpen();
      await checkSyntax(this.#connection, sql, async () => {
        const route = await this.#catalog.route(sql, this.#catalogSession);
        return route.kind !== 'engine';
      });
    });
  }

  async prepare(sql: string, declared: readonly DeclaredType[]): Promise<PreparedStatement> {
    return this.#exclusively(async () => {
      // A cancel that came after the statement before was over is not meant for this one.
      if (this.#controller.signal.aborted) this.#controller = new AbortController();
      await this.#settleOpen();
      try {
        await this.#applySettings();
        return await this.#prepare(sql, declared);
      } catch (error) {
        await this.#transaction.fail();
        throw error;
      }
    });
  }

  /** An aborted transaction lets the engine be told nothing. */
  async #applySettings(): Promise<void> {
    if (this.#transaction.status !== 'failed') await this.#sessionSettings.apply(this.#connection);
  }

  #notice(notice: Notice): void {
    if (this.#sessionSettings.lets(notice.severity)) this.onNotice(notice);
  }

  /**
   * What planning looks at besides the text; undefined while somebody writes, when nobody knows what is there, and in a
   * transaction, which may see what was there before.
   */
  #planStamp(): string | undefined {
    const { watch } = this.#engine.points;
    return watch.isQuiet && !this.#transaction.isOpen ? `${watch.version}/${this.#stamp()}` : undefined;
  }

  /** What parsing looks at besides the text. */
  #stamp(): string {
    return `${this.#engine.definitions.version}/${this.#settings.version}/${this.#catalog.originsVersion}`;
  }

  async #prepare(sql: string, declared: readonly DeclaredType[]): Promise<PreparedStatement> {
    const stamp = this.#stamp();
    const known = this.#known.find(sql, declared, stamp);
    if (known !== undefined) {
      this.#transaction.assertUsable();
      return known;
    }
    const prepared = await this.#preparePoint(sql, declared);
    // A transaction may see definitions as they were before.
    if (isParsed(prepared) && !this.#transaction.isOpen && this.#stamp() === stamp) {
      this.#known.add(sql, declared, stamp, prepared);
    }
    return prepared;
  }

  async #preparePoint(sql: string, declared: readonly DeclaredType[]): Promise<PreparedStatement> {
    const isPoint = declared.length === 0 && !this.#transaction.isOpen && !this.#own.mayExist;
    if (!isPoint) return this.#prepareAnew(sql, declared);
    const searchPath = this.#settings.get('search_path');
    const known = this.#points.find(sql, searchPath);
    if (known !== undefined) return known;
    const { version } = this.#points;
    const prepared = await this.#prepareAnew(sql, declared);
    if (isParsed(prepared)) this.#points.add(sql, searchPath, prepared, version);
    return prepared;
  }

  async #prepareAnew(sql: string, declared: readonly DeclaredType[]): Promise<PreparedStatement> {
    const route = isOfSession(sql) ? undefined : await this.#catalog.route(sql, this.#catalogSession);
    if (route?.kind === 'catalog' && !this.#catalog.isBetterAnsweredHere(route)) {
      this.#transaction.assertUsable();
      const oids = declared.map(({ oid }) => oid);
      const { signal } = this.#controller;
      return this.#catalog.prepare(sql, route.sessionCalls, oids, this.#catalogSession, signal);
    }
    return this.#parser.parse(
      sql,
      declared.map(({ type }) => type),
    );
  }

  async execute(bound: BoundStatement, options: { readonly alone: boolean }): Promise<Execution> {
    return this.#exclusively(async () => {
      this.#controller = new AbortController();
      this.#activity.began(bound.statement.text, this.transactionStatus);
      const timer = new StatementTimer(this.#settings.number('statement_timeout'), () =>
        this.#cancelWith('canceling statement due to statement timeout'),
      );
      timer.start();
      try {
        await this.#settleOpen();
        await this.#applySettings();
        const execution = await this.#start(bound, options);
        if (isOpenRows(execution)) {
          execution.timer = timer;
          this.#open = execution;
        }
        this.#noteCommitted();
        return execution;
      } catch (error) {
        const reported = this.#controller.signal.aborted ? this.#controller.signal.reason : error;
        await this.#transaction.fail();
        throw reported;
      } finally {
        timer.stop();
      }
    });
  }

  async #start(bound: BoundStatement, options: { readonly alone: boolean }): Promise<Execution> {
    if (bound.kind === 'engine' && isParsed(bound.statement)) {
      if (bound.statement.isEmpty) return finished('');
      if (!options.alone && joinsTransactions(bound.statement.statement))
        await this.#transaction.beginImplicit();
    }
    return this.#runBound(bound);
  }

  async #runBound(bound: BoundStatement): Promise<Execution> {
    if (bound.kind === 'catalog') {
      this.#transaction.assertUsable();
      this.#transaction.noteQuery();
      return this.#catalog.execute(bound, this.#catalogSession, this.#controller.signal);
    }
    const { statement, parameters } = bound;
    if (!isParsed(statement)) throw new TypeError('a statement of another backend');
    return this.#run(await this.#parser.fit(statement, parameters), parameters);
  }

  async sync(failed: boolean): Promise<void> {
    await this.#exclusively(async () => {
      // Portals outlive a Sync within a block, with all the rows that they still have.
      const ends = failed || !this.#transaction.isBlock;
      if (this.#transaction.isOpen && ends) await this.#settleOpenBeforeEnd();
      await this.#transaction.sync(failed);
      this.#noteCommitted();
      if (!this.#transaction.isOpen && this.#open?.isOpen !== true) this.#engine.points.watch.end(this);
    });
    this.#activity.ended(this.transactionStatus);
  }

  /** What this session does, as others may see it. */
  get activity(): SessionActivity {
    return this.#activity.snapshot(this.transactionStatus, this.#settings.get('application_name'));
  }

  /** The catalog follows what was defined once everybody sees it. */
  #noteCommitted(): void {
    if (this.#transaction.isOpen || !this.#own.settle()) return;
    this.#engine.definitions.changed();
    this.#catalog.changed();
  }

  #asSeenByCatalog({ user, role, processId, remoteAddress, socket }: SessionStart): CatalogSession {
    const ownDefinitions = () => ({ connection: this.#connection, stamp: this.#own.stamp });
    return {
      user,
      role,
      processId,
      remoteAddress,
      socket,
      database: 'sqlens',
      versionText: VERSION_TEXT,
      get ownDefinitions() {
        return ownDefinitions();
      },
      setting: (name) => this.#settings.find(name),
      settings: () => this.#settings.all().map(pgSettingsRow),
      preparedStatements: () => this.statements.list().map(preparedStatementRow),
      cursors: () => this.cursors.list().map(cursorRow),
      notice: (notice) => this.#notice(notice),
      setConfig: (name, value, isLocal) =>
        assign(this.#context(), name, value, isLocal ? 'local' : 'session'),
      notify: (channel, payload) =>
        this.#runOwn(`NOTIFY ${quoteIdentifier(channel)}, ${quoteLiteral(payload)}`),
      signalBackend: (target, signal) => this.#peers.signal(target, signal, { user, role }),
    };
  }

  /** A statement about the session that another one implies. */
  async #runOwn(sql: string): Promise<void> {
    const execution = await this.#run(await this.#parser.parseEngine(sql, []), []);
    await execution.close();
  }

  cancel(): void {
    this.#cancelWith('canceling statement due to user request');
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelWith('the session was closed');
    await this.#busy.catch(() => undefined);
    await this.#open?.close().catch(() => undefined);
    await this.#transaction.rollback();
    this.#noteCommitted();
    this.#engine.points.watch.end(this);
    this.#plans.clear();
    await this.cursors.closeAll();
    this.#notifications.close();
    this.#advisoryLocks.close();
    this.#side?.closeSync();
    this.#connection.closeSync();
    this.onClosed();
  }

  /** DuckDB's connection takes one statement at a time, and closing it under a running one would never settle. */
  async #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#busy.then(async () => {
      if (this.#closed) throw closedError();
      // What was to be interrupted is over: what begins now is something else.
      this.#interruption.end();
      this.#working++;
      try {
        return await work();
      } finally {
        this.#working--;
      }
    });
    this.#busy = result.catch(() => undefined);
    return result;
  }

  #cancelWith(message: string): void {
    this.#controller.abort(new SqlensError({ sqlState: SqlState.queryCanceled, message }));
    this.#interruption.begin();
  }

  /** An open stream would end silently when its connection gets another statement: its rows are read before. */
  async #settleOpen(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    if (open?.isOpen) await open.spool();
  }

  async #settleOpenBeforeEnd(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    if (open?.isOpen) await open.close();
  }

  async #run(parsed: Parsed, parameters: readonly ParameterValue[]): Promise<Execution> {
    const context = this.#context();
    const { statement } = parsed;
    if (defines(statement)) {
      // Before it runs: one that fails has changed nothing, and looking again costs little.
      this.#engine.definitions.began(parsed.text);
      this.#own.noteDefinition(parsed.tokens);
    }
    if (!onlyReads(statement)) this.#engine.points.watch.begin(this);
    if (statement.kind !== 'query') this.#points.clear();
    if (!endsFailure(statement)) this.#transaction.assertUsable();
    if (seesSnapshot(statement)) this.#transaction.noteQuery();
    await checkReadOnly(context, parsed.tokens, statement);
    checkAlone(context, parsed.tokens);
    return runStatement(context, parsed, parameters);
  }

  #context(): SessionContext {
    const { signal } = this.#controller;
    return {
      engine: this.#engine,
      connection: this.#connection,
      plans: this.#plans,
      transaction: this.#transaction,
      settings: this.#settings,
      sessionSettings: this.#sessionSettings,
      statements: this.statements,
      cursors: this.cursors,
      notifications: this.#notifications,
      advisoryLocks: this.#advisoryLocks,
      user: this.#user,
      sessionId: this.#id,
      signal,
      cancel: () => this.cancel(),
      sideConnection: async () => {
        this.#side ??= await this.#engine.connect();
        return this.#side;
      },
      notice: (notice) => this.#notice(notice),
      report: (name, value) => this.onParameterStatus(name, value),
      parse: (sql, declared) => this.#parser.parse(sql, declared),
      fit: (statement, parameters) => this.#parser.fit(statement, parameters),
      run: async (statement, parameters) =>
        rowsOf(await this.#run(await this.#parser.fit(statement, parameters), parameters)),
      prepareAny: (sql, declared) => this.#prepare(sql, declared),
      runAny: (bound) => this.#runBound(bound),
      hasOwnObjects: () => this.#own.mayExist,
      openConnection: async () => {
        const connection = await this.#engine.connect();
        this.#otherConnections.add(connection);
        return connection;
      },
      closeConnection: (connection) => {
        this.#otherConnections.delete(connection);
        connection.closeSync();
      },
    };
  }
}

function rowsOf(execution: Execution): RowsExecution {
  if (execution.kind === 'rows') return execution;
  throw new TypeError('rows of the catalog where those of the engine are needed');
}

function closedError(): SqlensError {
  return new SqlensError({ sqlState: SqlState.connectionFailure, message: 'the session is closed' });
}
