/** One client's session: takes statements from the protocol, sends each down its path, keeps the transaction. */
import { type DuckDBConnection, type DuckDBType, VARCHAR } from '@duckdb/node-api';
import { SqlensError, SqlState, unreachable } from '../../common/errors.ts';
import type { CatalogSession, SessionActivity } from '../catalog/api.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { type MixedPlan, wholeQuery } from '../catalog/routing/plan.ts';
import type { Route } from '../catalog/routing/route.ts';
import type { OwnDefinitions } from '../catalog/schema/index.ts';
import { searchPathNames } from '../catalog/search-path.ts';
import { VERSION_TEXT } from '../catalog/version.ts';
import { Activity } from './activity.ts';
import type {
  BackendSession,
  BoundStatement,
  CatalogColumn,
  DeclaredType,
  EngineStatement,
  Execution,
  Notice,
  Notification,
  ParameterValue,
  PreparedStatement,
  ResultColumn,
  Role,
  RowsExecution,
  SessionStart,
  StatementText,
  TransactionStatus,
} from './api.ts';
import { type RelationOrigin, withOrigins } from './column-origins.ts';
import { AdvisoryLocks } from './control/advisory-locks.ts';
import { Cursors } from './control/cursors/cursors.ts';
import { prepareDeclared } from './control/cursors/declare.ts';
import { fetchedColumns } from './control/cursors/fetch.ts';
import { runControl } from './control/index.ts';
import { cursorRow, pgSettingsRow, preparedStatementRow } from './control/listing.ts';
import { SessionNotifications } from './control/notifications.ts';
import { executedStatement } from './control/prepare.ts';
import { checkReadOnly } from './control/read-only.ts';
import { readSessionCalls } from './control/session-call-syntax.ts';
import { sessionCallColumns, sessionCallValues } from './control/session-calls.ts';
import { SessionSettings } from './control/session-settings.ts';
import { assign } from './control/set.ts';
import { sharedOf } from './control/shared.ts';
import { showColumns } from './control/show.ts';
import { checkAlone } from './control/transactions.ts';
import { prepareClientCopy } from './copy/prepare.ts';
import { runClientCopy } from './copy/run.ts';
import { prepareCopy } from './copy-files.ts';
import { runSqlensVerb, sqlensColumns } from './ddl/index.ts';
import type { Engine } from './engine.ts';
import { finished, isOpenRows, type OpenRows } from './executions.ts';
import { bindValues } from './parameter-values.ts';
import { describe, isParsed, ours, type Parsed, undescribed } from './parsed.ts';
import { PointStatements } from './points/point-statements.ts';
import { runPoint } from './points/run-point.ts';
import { onlyReads } from './points/write-watch.ts';
import { PreparedStatements } from './prepared-statements.ts';
import { checkPrivileges } from './privileges.ts';
import { KeptPlans } from './reuse/kept-plans.ts';
import { ParsedStatements } from './reuse/parsed-statements.ts';
import { definitionError, runDefinition } from './run-definition.ts';
import { EXPLAIN_COLUMNS, runExplain } from './run-explain.ts';
import { runQuery } from './run-query.ts';
import { runWrite } from './run-write.ts';
import { checkStatement } from './sandbox.ts';
import type { SessionContext } from './session-context.ts';
import { Settings } from './settings.ts';
import { StatementTimer } from './statement-timer.ts';
import { classify } from './statements.ts';
import { checkSyntax } from './syntax.ts';
import { quoteIdentifier, quoteLiteral, splitStatements, tokenize, withPlainSpaces } from './tokens.ts';
import { Transaction } from './transaction.ts';

const INTERRUPT_INTERVAL_MS = 20;

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
  readonly #role: Role;
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
  /** Something was defined in the open transaction, which nobody else sees yet. */
  #definedInTransaction = false;
  #hasTemporary = false;
  /** Counts definitions, and ends of transactions behind them. */
  #definitionCount = 0;
  #side: DuckDBConnection | undefined;
  #controller = new AbortController();
  #open: OpenRows | undefined;
  #closed = false;
  #busy: Promise<unknown> = Promise.resolve();
  /** Statements under way. */
  #working = 0;
  #interrupting: NodeJS.Timeout | undefined;

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
    this.#role = start.role;
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
    const isPoint = declared.length === 0 && !this.#transaction.isOpen && !this.#hasOwnObjects();
    if (!isPoint) return this.#prepareAnew(sql, declared);
    const searchPath = this.#settings.get('search_path');
    const known = this.#points.find(sql, searchPath);
    if (known !== undefined) return known;
    const { version } = this.#points;
    const prepared = await this.#prepareAnew(sql, declared);
    if (isParsed(prepared)) this.#points.add(sql, searchPath, prepared, version);
    return prepared;
  }

  #hasOwnObjects(): boolean {
    return this.#definedInTransaction || this.#hasTemporary;
  }

  async #prepareAnew(sql: string, declared: readonly DeclaredType[]): Promise<PreparedStatement> {
    const route = isOfSession(sql) ? undefined : await this.#catalog.route(sql, this.#catalogSession);
    if (route?.kind === 'catalog' && !this.#catalog.isBetterAnsweredHere(route)) {
      this.#transaction.assertUsable();
      const oids = declared.map(({ oid }) => oid);
      const { signal } = this.#controller;
      return this.#catalog.prepare(sql, route.sessionCalls, oids, this.#catalogSession, signal);
    }
    return this.#parse(
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
      if (!options.alone && joinsTransactions(bound.statement)) await this.#transaction.beginImplicit();
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
    return this.#run(await this.#fit(statement, parameters), parameters);
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
    if (!this.#definedInTransaction || this.#transaction.isOpen) return;
    this.#definedInTransaction = false;
    this.#definitionCount++;
    this.#engine.definitions.changed();
    this.#catalog.changed();
  }

  #ownDefinitions(): OwnDefinitions {
    const mayDiffer = this.#definedInTransaction || this.#hasTemporary;
    return { connection: this.#connection, stamp: mayDiffer ? this.#definitionCount : 0 };
  }

  #asSeenByCatalog({ user, role, processId, remoteAddress, socket }: SessionStart): CatalogSession {
    const ownDefinitions = () => this.#ownDefinitions();
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
    const execution = await this.#run(await this.#parseEngine(sql, []), []);
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
      this.#stopInterrupting();
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
    this.#interruptUntilIdle();
  }

  #isWorking(): boolean {
    return this.#working > 0 || this.#open?.isPulling === true;
  }

  /** An interrupt that comes just before DuckDB starts a statement is lost, so it is repeated until there is none. */
  #interruptUntilIdle(): void {
    this.#interruptAll();
    if (this.#interrupting !== undefined || !this.#isWorking()) return;
    this.#interrupting = setInterval(() => {
      if (this.#isWorking()) {
        this.#interruptAll();
      } else {
        this.#stopInterrupting();
      }
    }, INTERRUPT_INTERVAL_MS);
  }

  #interruptAll(): void {
    for (const connection of [this.#connection, this.#side, ...this.#otherConnections])
      connection?.interrupt();
  }

  #stopInterrupting(): void {
    clearInterval(this.#interrupting);
    this.#interrupting = undefined;
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

  /** What the statement needs of the catalog is fetched first, and stands in what the engine gets. */
  async #parse(sql: string, declared: readonly (DuckDBType | undefined)[]): Promise<Parsed> {
    if (isOfSession(sql)) return this.#parseEngine(sql, declared);
    const route = await this.#catalog.route(sql, this.#catalogSession);
    if (route.kind === 'refused') throw route.error;
    const plan = planOf(sql, route);
    try {
      return await (plan === undefined
        ? this.#parseEngine(sql, declared)
        : this.#parseMixed(plan, 'describe', declared));
    } catch (error) {
      const isUnread = error instanceof SqlensError && /^syntax error at/.test(error.message);
      throw isUnread && 'syntaxError' in route ? (route.syntaxError ?? error) : error;
    }
  }

  async #parseMixed(
    plan: MixedPlan,
    mode: 'describe' | 'execute',
    declared: readonly (DuckDBType | undefined)[],
    parameters?: readonly ParameterValue[],
  ): Promise<Parsed> {
    this.#transaction.assertUsable();
    const { signal } = this.#controller;
    const texts = parameters?.map(({ value }) => (value === null ? null : String(value)));
    const text = await this.#catalog.rewrite(plan, mode, this.#catalogSession, signal, texts);
    try {
      const parsed = await this.#parseEngine(text, declared);
      const typed = { ...parsed.typed, original: () => 0 };
      return { ...parsed, text: plan.sql, typed, mixed: plan };
    } catch (error) {
      throw withoutPosition(error);
    }
  }

  /** A relation in the catalog's numbers, looked up as the engine looks names up; nobody waits for the catalog. */
  #originOf(schema: string | undefined, name: string): RelationOrigin | undefined {
    if (schema !== undefined) return this.#catalog.originOf(schema, name);
    for (const candidate of [...searchPathNames(this.#settings.get('search_path')), 'sqlens']) {
      const origin = this.#catalog.originOf(candidate, name);
      if (origin !== undefined) return origin;
    }
    return undefined;
  }

  async #parseEngine(sql: string, declared: readonly (DuckDBType | undefined)[]): Promise<Parsed> {
    const tokens = tokenize(sql);
    const text = withPlainSpaces(sql, tokens);
    if (tokens.length === 0) return ours(text, tokens, { kind: 'no-op', tag: '' }, undefined);
    const statement = classify(tokens);
    if (!endsFailure(statement)) this.#transaction.assertUsable();
    checkStatement(tokens, statement, this.#engine.rules);
    checkPrivileges(this.#role, tokens, statement);
    switch (statement.kind) {
      case 'query':
      case 'insert':
      case 'update':
      case 'delete': {
        const described = await describe(
          this.#engine,
          this.#connection,
          text,
          tokens,
          statement,
          declared,
          this.#plans,
        );
        const { columns } = described;
        return {
          ...described,
          columns: columns && withOrigins(tokens, columns, (...names) => this.#originOf(...names)),
        };
      }
      case 'merge':
      case 'create-table-as':
      case 'show-engine':
        return describe(this.#engine, this.#connection, text, tokens, statement, declared);
      case 'copy': {
        const copy = await prepareClientCopy(this.#context(), text, tokens);
        if (copy !== undefined) return { ...ours(text, tokens, statement, undefined), copy };
        // Refused before DuckDB looks at the file, in our words.
        prepareCopy(
          text,
          tokens,
          this.#engine.rules,
          this.#engine.options.allowedPaths,
          this.#engine.copyDrafts,
        );
        return describe(this.#engine, this.#connection, text, tokens, statement, declared);
      }
      case 'explain': {
        const described = await describe(this.#engine, this.#connection, text, tokens, statement, declared);
        return { ...described, columns: EXPLAIN_COLUMNS };
      }
      case 'ddl':
        // Some definitions expand to several statements, which cannot be prepared; they say what is wrong when run.
        return describe(this.#engine, this.#connection, text, tokens, statement, declared).catch(
          (error: unknown) => {
            if (error instanceof SqlensError && /multiple statements/.test(error.message)) {
              return undescribed(text, tokens, statement);
            }
            throw definitionError(this.#engine, tokens, statement.tag, error);
          },
        );
      case 'execute': {
        const named = executedStatement(this.#context(), tokens)?.prepared;
        return { ...ours(text, tokens, statement, undefined), ...columnsOf(named?.columns) };
      }
      case 'declare': {
        const types = declared.map((type) => ({ oid: 0, type }));
        const query = await prepareDeclared(this.#context(), text, tokens, types);
        const parameterTypes =
          query.kind === 'engine' ? query.parameterTypes : query.parameterOids.map(() => VARCHAR);
        return { ...ours(text, tokens, statement, undefined), parameterTypes };
      }
      case 'fetch':
        return {
          ...ours(text, tokens, statement, undefined),
          ...columnsOf(await fetchedColumns(this.#context(), tokens)),
        };
      case 'session-call': {
        const columns = sessionCallColumns(text, tokens);
        const values = sessionCallValues(text, tokens);
        const parameterTypes =
          values === undefined ? [] : (await this.#parse(values, declared)).parameterTypes;
        return { ...ours(text, tokens, statement, columns), parameterTypes };
      }
      default:
        return ours(text, tokens, statement, columnsOfOurs(statement, tokens));
    }
  }

  /** A parameter that nothing determined may turn out to be bytes: then the statement is described for those. */
  async #fit(parsed: Parsed, parameters: readonly ParameterValue[]): Promise<Parsed> {
    if (parsed.mixed !== undefined) {
      return this.#parseMixed(parsed.mixed, 'execute', parsed.parameterTypes, parameters);
    }
    const isOther = (at: number) => parameters[at]?.type !== undefined && parameters[at].type !== VARCHAR;
    if (![...parsed.undetermined].some(isOther)) return parsed;
    return this.#parse(
      parsed.text,
      parsed.parameterTypes.map((type, at) => (parsed.undetermined.has(at) ? parameters[at]?.type : type)),
    );
  }

  async #run(parsed: Parsed, parameters: readonly ParameterValue[]): Promise<Execution> {
    const context = this.#context();
    const { statement } = parsed;
    this.#noteDefinition(parsed);
    if (!onlyReads(statement)) this.#engine.points.watch.begin(this);
    if (statement.kind !== 'query') this.#points.clear();
    if (!endsFailure(statement)) this.#transaction.assertUsable();
    if (sees(statement)) this.#transaction.noteQuery();
    await checkReadOnly(context, parsed.tokens, statement);
    checkAlone(context, parsed.tokens);
    switch (statement.kind) {
      case 'query':
      case 'show-engine': {
        const bound = await bindValues(this.#engine, parsed, parameters);
        return (await runPoint(context, parsed, bound)) ?? runQuery(context, parsed, bound);
      }
      case 'insert':
      case 'update':
      case 'delete':
      case 'merge':
      case 'create-table-as':
        return runWrite(context, parsed, await bindValues(this.#engine, parsed, parameters));
      case 'copy':
        return parsed.copy === undefined
          ? runWrite(context, parsed, await bindValues(this.#engine, parsed, parameters))
          : runClientCopy(context, parsed.copy);
      case 'explain':
        return runExplain(context, parsed, await bindValues(this.#engine, parsed, parameters));
      case 'ddl':
        return runDefinition(context, parsed, statement.tag);
      case 'sqlens':
        return runSqlensVerb(context, statement.verb, parsed);
      case 'refused':
        throw new SqlensError({
          sqlState: SqlState.insufficientPrivilege,
          message: `${statement.what} is not available over SQL`,
        });
      case 'no-op':
        return finished(statement.tag);
      default:
        return runControl(context, parsed, statement, parameters);
    }
  }

  /** Noted before it runs: a definition that fails has changed nothing, and looking again costs little. */
  #noteDefinition({ statement, text, tokens }: Parsed): void {
    if (!defines(statement)) return;
    this.#engine.definitions.began(text);
    this.#definedInTransaction = true;
    this.#definitionCount++;
    this.#hasTemporary ||= tokens.some(({ value }) => TEMPORARY.test(value));
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
      parse: (sql, declared) => this.#parse(sql, declared),
      fit: (statement, parameters) => this.#fit(statement, parameters),
      run: async (statement, parameters) =>
        rowsOf(await this.#run(await this.#fit(statement, parameters), parameters)),
      prepareAny: (sql, declared) => this.#prepare(sql, declared),
      runAny: (bound) => this.#runBound(bound),
      hasOwnObjects: () => this.#hasOwnObjects(),
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

/** First words of statements about the session: what they mention of the catalog is looked at when it is their turn. */
const OF_SESSION =
  /^(begin|start|commit|end|rollback|abort|savepoint|release|prepare|execute|deallocate|declare|fetch|move|close|set|show|reset|discard|listen|unlisten|notify|lock)$/;

function isOfSession(sql: string): boolean {
  const tokens = tokenize(sql);
  return OF_SESSION.test(tokens[0]?.value ?? '') || readSessionCalls(tokens) !== undefined;
}

/** What a failed transaction may still be told. */
function endsFailure({ kind }: Parsed['statement']): boolean {
  return kind === 'commit' || kind === 'rollback' || kind === 'rollback-to' || kind === 'two-phase';
}

/** Whether a statement sees the transaction's snapshot, after which its modes are fixed. */
function sees({ kind }: Parsed['statement']): boolean {
  switch (kind) {
    case 'begin':
    case 'commit':
    case 'rollback':
    case 'savepoint':
    case 'release':
    case 'rollback-to':
    case 'two-phase':
    case 'set':
    case 'show':
    case 'reset':
    case 'listen':
    case 'unlisten':
    case 'notify':
    case 'lock':
    case 'close':
    case 'deallocate':
    case 'no-op':
      return false;
    default:
      return true;
  }
}

/** Columns of the engine's rows, or of the catalog's. */
function columnsOf(
  columns: readonly (ResultColumn | CatalogColumn)[] | undefined,
): Pick<EngineStatement, 'columns' | 'catalogColumns'> {
  const own = columns?.filter((column) => 'type' in column);
  const foreign = columns?.filter((column): column is CatalogColumn => !('type' in column));
  return foreign === undefined || foreign.length === 0
    ? { columns: own }
    : { columns: undefined, catalogColumns: foreign };
}

function rowsOf(execution: Execution): RowsExecution {
  if (execution.kind === 'rows') return execution;
  throw new TypeError('rows of the catalog where those of the engine are needed');
}

/** Statements that end or begin transactions themselves do not join an implicit one. */
function joinsTransactions(parsed: Parsed): boolean {
  switch (parsed.statement.kind) {
    case 'begin':
    case 'commit':
    case 'rollback':
    case 'savepoint':
    case 'release':
    case 'rollback-to':
    case 'two-phase':
    case 'no-op':
      return false;
    default:
      return true;
  }
}

/** How a statement gets from the catalog what it needs, when the engine is to run it. */
function planOf(sql: string, route: Route): MixedPlan | undefined {
  switch (route.kind) {
    case 'engine':
    case 'refused':
      return undefined;
    case 'session':
    case 'mixed':
      return route.plan;
    case 'catalog':
      // Within PREPARE or a cursor: its rows are fetched as a whole.
      return route.sessionPlan ?? wholeQuery(sql, route.sessionCalls);
    default:
      return unreachable(route);
  }
}

function withoutPosition(error: unknown): unknown {
  if (!(error instanceof SqlensError) || error.position === undefined) return error;
  const { sqlState, message, hint, detail } = error;
  return new SqlensError({ sqlState, message, hint, detail, cause: error });
}

const TEMPORARY = /^(temp|temporary|pg_temp)$/i;

/** Whether a statement may change what there is: tables, views, functions, models. */
function defines(statement: Parsed['statement']): boolean {
  return statement.kind === 'ddl' || statement.kind === 'create-table-as' || statement.kind === 'sqlens';
}

function columnsOfOurs(
  statement: Parsed['statement'],
  tokens: Parsed['tokens'],
): ReturnType<typeof ours>['columns'] {
  if (statement.kind === 'show') return showColumns(tokens);
  if (statement.kind === 'sqlens') return sqlensColumns(statement.verb);
  return undefined;
}

function closedError(): SqlensError {
  return new SqlensError({ sqlState: SqlState.connectionFailure, message: 'the session is closed' });
}
