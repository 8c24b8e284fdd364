/**
 * A session after authentication: takes messages one by one, answers each, and keeps PostgreSQL's rules of what an
 * error ends: a simple query, or everything up to the next Sync.
 */
import { SqlensError, SqlState, unreachable } from '../../../common/errors.ts';
import type { ReportFields } from '../codec/backend.ts';
import { decodeFrontendMessage, type FrontendMessage } from '../codec/frontend.ts';
import { FatalProtocolError } from '../codec/protocol-error.ts';
import type { Input } from '../input.ts';
import type { WireLimits, WireLogger } from '../options.ts';
import { ClientGone } from '../output.ts';
import type { SessionContext } from './context.ts';
import { bind, close, describe, execute, parse } from './extended-query.ts';
import { type ErrorSource, errorReport, StatementFailure } from './report.ts';
import { simpleQuery } from './simple-query.ts';

export interface SessionOptions {
  readonly context: SessionContext;
  readonly input: Input;
  readonly limits: WireLimits;
  readonly logger: WireLogger;
  readonly onError: (fields: ReportFields) => void;
}

const syncType = 0x53;
const terminateType = 0x58;
/** Parse, Bind, Describe, Execute, Close, Flush: an error in one of them skips to the next Sync. */
const extendedTypes: ReadonlySet<number> = new Set([...'PBDECH'].map((type) => type.charCodeAt(0)));

export class Session {
  readonly #options: SessionOptions;
  readonly #context: SessionContext;
  readonly #input: Input;
  /** After an error in the extended protocol: everything up to Sync goes unread. */
  #skipping = false;
  #waiting = false;
  #stop: FatalProtocolError | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#context = options.context;
    this.#input = options.input;
  }

  /** True between messages, when nothing runs. */
  get isWaiting(): boolean {
    return this.#waiting;
  }

  /** Ends the session with a FATAL error, after the message in work. */
  stop(error: FatalProtocolError): void {
    this.#stop ??= error;
    if (this.#waiting) this.#input.end();
  }

  /**
   * Serves until the client leaves.
   * @throws FatalProtocolError when the session must end, ClientGone when its socket is closed
   */
  async run(): Promise<void> {
    await this.#ready();
    for (;;) {
      const type = await this.#nextType();
      const frame = type === undefined ? undefined : await this.#input.next();
      if (frame === undefined || frame.type === terminateType) return;
      if (this.#skipping && frame.type !== syncType) continue;
      try {
        const message = decodeFrontendMessage(frame);
        if (message.kind === 'terminate') return;
        await this.#handle(message);
      } catch (error) {
        const cause = error instanceof StatementFailure ? error.cause : error;
        if (cause instanceof FatalProtocolError || cause instanceof ClientGone) throw cause;
        await this.#failed(error, extendedTypes.has(frame.type));
      }
    }
  }

  async #handle(message: FrontendMessage): Promise<void> {
    const context = this.#context;
    switch (message.kind) {
      case 'query':
        await simpleQuery(context, message.sql);
        return this.#ready();
      case 'parse':
        return parse(context, message);
      case 'bind':
        return bind(context, message);
      case 'describe':
        return describe(context, message);
      case 'execute': {
        // Waiting for what follows is safe: without Sync or Flush a client may not expect an answer.
        const following = await this.#nextType();
        // Without a Sync to come it could only be rolled back.
        if (following === undefined) return;
        return execute(context, message, following === syncType);
      }
      case 'close':
        return close(context, message);
      case 'flush':
        return context.output.flush();
      case 'sync':
        return this.#sync();
      case 'functionCall':
        throw new SqlensError({
          sqlState: SqlState.featureNotSupported,
          message: 'the function call protocol is not supported',
          hint: 'Call functions with SELECT.',
        });
      case 'copyData':
      case 'copyDone':
      case 'copyFail':
        // The rest of a COPY that has failed already: PostgreSQL ignores it too.
        return;
      case 'authentication':
      case 'terminate':
        throw new FatalProtocolError({
          sqlState: SqlState.protocolViolation,
          message: `unexpected message "${message.kind}"`,
          hint: 'The client and the server lost step; connect again.',
        });
      default:
        return unreachable(message);
    }
  }

  async #sync(): Promise<void> {
    const failed = this.#skipping;
    this.#skipping = false;
    await this.#context.sync(failed);
    await this.#ready();
  }

  async #failed(error: unknown, extended: boolean): Promise<void> {
    const statement = error instanceof StatementFailure ? error : undefined;
    this.#report(statement === undefined ? error : statement.cause, statement?.source);
    if (extended) {
      this.#skipping = true;
      return;
    }
    try {
      await this.#context.sync(true);
    } catch (syncError) {
      this.#report(syncError, undefined);
    }
    await this.#ready();
  }

  #report(error: unknown, source: ErrorSource | undefined): void {
    if (!(error instanceof SqlensError))
      this.#options.logger.error({ err: error }, 'internal error in a session');
    const fields = errorReport(error, 'ERROR', source);
    this.#options.onError(fields);
    this.#context.output.send({ kind: 'error', fields });
  }

  /** Another session has sent what this one listens to: told at once when nothing runs, else before the next ReadyForQuery. */
  notify(): void {
    if (!this.#waiting || this.#context.pipelined || this.#skipping) return;
    this.#sendNotifications();
    this.#context.output.flush().catch(() => undefined);
  }

  #sendNotifications(): void {
    for (const notification of this.#context.backend.takeNotifications()) {
      this.#context.output.send({ kind: 'notification', ...notification });
    }
  }

  async #ready(): Promise<void> {
    this.#context.reportParameters();
    this.#sendNotifications();
    this.#context.output.send({ kind: 'readyForQuery', status: this.#context.readyStatus });
    await this.#context.output.flush();
  }

  /** Waits for the next message, no longer than the idle limits allow. */
  async #nextType(): Promise<number | undefined> {
    if (this.#stop !== undefined) throw this.#stop;
    if (!this.#input.hasMessage()) await this.#context.output.flush();
    const timer = this.#idleTimer();
    this.#waiting = true;
    try {
      const type = await this.#input.peekType();
      if (this.#stop !== undefined) throw this.#stop;
      return type;
    } finally {
      this.#waiting = false;
      clearTimeout(timer);
    }
  }

  #idleTimer(): NodeJS.Timeout | undefined {
    const { limits } = this.#options;
    const inTransaction = this.#context.backend.transactionStatus !== 'idle' || this.#context.pipelined;
    const own_ms = this.#context.backend.settingNumber(
      inTransaction ? 'idle_in_transaction_session_timeout' : 'idle_session_timeout',
    );
    const server_ms = inTransaction ? limits.idleInTransaction_timeout_ms : limits.idle_timeout_ms;
    // The client may ask for less than the server allows, and for as much as it likes where there is no limit.
    const timeout_ms = own_ms === 0 || server_ms === 0 ? own_ms + server_ms : Math.min(own_ms, server_ms);
    if (timeout_ms === 0 || this.#input.hasMessage()) return undefined;
    return setTimeout(() => this.stop(idleError(inTransaction, timeout_ms)), timeout_ms);
  }
}

function idleError(inTransaction: boolean, timeout_ms: number): FatalProtocolError {
  return new FatalProtocolError({
    sqlState: inTransaction ? SqlState.idleInTransactionSessionTimeout : SqlState.idleSessionTimeout,
    message: inTransaction
      ? 'terminating connection due to idle-in-transaction timeout'
      : 'terminating connection due to idle-session timeout',
    detail: `The session said nothing for ${timeout_ms} ms.`,
    hint: 'Connect again; open transactions were rolled back.',
  });
}
