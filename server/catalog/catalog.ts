/**
 * Answers the statements that touch the catalog alone: PostgreSQL itself does, in a process of its own, over an empty
 * mirror of what SQLens has. A statement goes there whole, as the messages of the protocol, and its rows come back
 * the same way; nothing is kept there between two of them.
 */
import type { BoundStatement, CatalogExecution, CatalogStatement } from '../query/api.ts';
import type { CatalogSession, SessionActivity } from './api.ts';
import { type CatalogReply, describeMessages, executeMessages, readReply } from './messages.ts';
import { prologueOf } from './prologue.ts';

/** The process that PostgreSQL runs in. */
export interface MirrorPort {
  request(
    request: {
      readonly prologue: readonly string[];
      readonly overlay: readonly string[];
      readonly bytes: Uint8Array;
    },
    signal: AbortSignal,
  ): Promise<Buffer>;
  close(): Promise<void>;
}

/** What keeps the mirror at what the engine has. */
export interface SchemaPort {
  /** Something was defined and committed. */
  changed(): void;
  upToDate(): Promise<void>;
  /** The definitions that only this session sees. */
  overlayFor(connection: CatalogSession['connection']): Promise<readonly string[]>;
}

export interface CatalogOptions {
  readonly answers: (sql: string) => boolean;
  readonly mirror: MirrorPort;
  readonly schema: SchemaPort;
  /** The sessions there are now. */
  readonly activity: () => readonly SessionActivity[];
}

export class Catalog {
  readonly #options: CatalogOptions;

  constructor(options: CatalogOptions) {
    this.#options = options;
  }

  /** Whether a statement touches the catalog alone. */
  answers(sql: string): boolean {
    return this.#options.answers(sql);
  }

  /** To be called after every definition that was committed. */
  changed(): void {
    this.#options.schema.changed();
  }

  /** @throws SqlensError what PostgreSQL refuses, with its SQLSTATE and position */
  async prepare(
    sql: string,
    parameterOids: readonly number[],
    session: CatalogSession,
    signal: AbortSignal,
  ): Promise<CatalogStatement> {
    const reply = await this.#ask(sql, describeMessages(sql, parameterOids), session, signal);
    return {
      kind: 'catalog',
      text: sql,
      parameterOids: reply.parameterOids,
      columns: reply.columns,
      isEmpty: false,
    };
  }

  async execute(
    { statement, ...binding }: Extract<BoundStatement, { kind: 'catalog' }>,
    session: CatalogSession,
    signal: AbortSignal,
  ): Promise<CatalogExecution> {
    const { text: sql, parameterOids } = statement;
    const reply = await this.#ask(sql, executeMessages({ ...binding, sql, parameterOids }), session, signal);
    for (const error of reply.notices) session.notice({ severity: 'NOTICE', error });
    return executionOf(statement, reply);
  }

  /** The rows of a statement of ours, each value as its text. */
  async close(): Promise<void> {
    await this.#options.mirror.close();
  }

  async #ask(
    sql: string,
    bytes: Buffer,
    session: CatalogSession,
    signal: AbortSignal,
  ): Promise<CatalogReply> {
    const { activity, mirror, schema } = this.#options;
    await schema.upToDate();
    const overlay = session.hasOwnObjects ? await schema.overlayFor(session.connection) : [];
    const prologue = prologueOf(sql, session, activity);
    return readReply(await mirror.request({ prologue, overlay, bytes }, signal));
  }
}

/** How many rows leave at a time, so that other connections have their turn. */
const BATCH_ROWS = 256;

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
