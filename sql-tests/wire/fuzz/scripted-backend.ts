/**
 * A backend that makes answers up, so that a hundred thousand conversations cost the protocol's time and not the
 * engine's. It keeps PostgreSQL's rules of transactions, gives rows of several types, and fails where it is asked to.
 */
import { DOUBLE, type DuckDBType, type DuckDBValue, INTEGER, VARCHAR } from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { splitStatements } from '../../../server/pgwire/testing/split.ts';
import type {
  Backend,
  BackendSession,
  BoundStatement,
  DeclaredType,
  EngineStatement,
  Notice,
  ResultColumn,
  RowBatch,
  RowsExecution,
  SessionStart,
  StatementText,
  TransactionStatus,
} from '../../../server/query/api.ts';
import { Cursors } from '../../../server/query/control/cursors/cursors.ts';
import { PreparedStatements } from '../../../server/query/session/prepared-statements.ts';

const columns: readonly ResultColumn[] = [
  { name: 'a', type: INTEGER },
  { name: 'b', type: VARCHAR },
  { name: 'c', type: DOUBLE },
];
/** Statements that fail: those of the transcripts that do, and some of the mutated ones. */
const failing = /nope|nowhere|\bselec\b|1\/0|[^\x20-\x7e\s\u00a0-\uffff]/i;
const withRows = /^(select|values|table|show|fetch|explain|with)\b|\breturning\b/i;
const batchRows = 8;

export class ScriptedBackend implements Backend {
  readonly sessions = new Set<ScriptedSession>();

  async openSession(start: SessionStart): Promise<BackendSession> {
    if (!/^sqlens|wire$/.test(start.database)) throw failure(SqlState.invalidCatalogName, start.database);
    const session = new ScriptedSession(this);
    this.sessions.add(session);
    return session;
  }
}

class ScriptedSession implements BackendSession {
  transactionStatus: TransactionStatus = 'idle';
  onNotice: (notice: Notice) => void = () => {};
  onParameterStatus: (name: string, value: string) => void = () => {};
  onTerminate: () => void = () => {};
  onNotification: () => void = () => {};
  readonly statements = new PreparedStatements();
  readonly cursors = new Cursors();
  readonly #backend: ScriptedBackend;

  constructor(backend: ScriptedBackend) {
    this.#backend = backend;
  }

  parameterStatuses(): readonly (readonly [string, string])[] {
    return [
      ['server_version', '16.4'],
      ['TimeZone', 'UTC'],
    ];
  }

  settingNumber(): number {
    return 0;
  }

  settingText(): string {
    return '';
  }

  takeNotifications(): readonly [] {
    return [];
  }

  split(sql: string): StatementText[] {
    return splitStatements(sql);
  }

  async checkSyntax(): Promise<void> {}

  async prepare(text: string, declared: readonly DeclaredType[]): Promise<EngineStatement> {
    const control = /^\s*(commit|rollback|end|abort)\b/i.test(text);
    if (this.transactionStatus === 'failed' && !control) throw failure(SqlState.inFailedSqlTransaction, text);
    if (failing.test(text)) throw this.#failed(text);
    return {
      kind: 'engine',
      text,
      parameterTypes: parameterTypes(text, declared),
      columns: withRows.test(text.trimStart()) ? columns : undefined,
      isEmpty: /^(\s|;|--.*|\/\*.*\*\/)*$/s.test(text),
    };
  }

  async execute(bound: BoundStatement): Promise<RowsExecution> {
    if (bound.kind === 'catalog') throw new TypeError('there is no catalog here');
    const { statement, parameters } = bound;
    const word = /^\s*(\w+)/.exec(statement.text)?.[1]?.toUpperCase() ?? '';
    if (word === 'BEGIN' || word === 'START') this.transactionStatus = 'in-transaction';
    if (/^(COMMIT|ROLLBACK|END|ABORT)$/.test(word)) this.transactionStatus = 'idle';
    const zone = /^set timezone\s*(?:=|to)\s*'(Asia\/Tokyo|UTC)'/i.exec(statement.text)?.[1];
    if (zone !== undefined) this.onParameterStatus('TimeZone', zone);
    if (word === 'DROP') this.onNotice({ severity: 'NOTICE', error: failure(SqlState.warning, word) });
    if (statement.columns === undefined) return rowless(word);
    const [first] = parameters;
    if (first?.value === 'x') throw this.#failed('x');
    return rows(/generate_series/i.test(statement.text) ? 3 * batchRows : 2, first?.value ?? null);
  }

  async sync(failed: boolean): Promise<void> {
    if (failed && this.transactionStatus === 'in-transaction') this.transactionStatus = 'failed';
  }

  cancel(): void {
    // Nothing takes any time.
  }

  async close(): Promise<void> {
    this.#backend.sessions.delete(this);
  }

  #failed(what: string): SqlensError {
    if (this.transactionStatus === 'in-transaction') this.transactionStatus = 'failed';
    return new SqlensError({
      sqlState: SqlState.undefinedColumn,
      message: `"${what.slice(0, 40)}" fails`,
      position: 1 + (what.length >> 1),
    });
  }
}

function parameterTypes(text: string, declared: readonly DeclaredType[]): (DuckDBType | undefined)[] {
  const types: (DuckDBType | undefined)[] = [];
  for (const [, number, type] of text.matchAll(/\$(\d{1,3})(?:::(\w+))?/g)) {
    const index = Number(number) - 1;
    for (let fill = types.length; fill <= index; fill++) types.push(undefined);
    types[index] ??= declared[index]?.type ?? (type === 'int4' ? INTEGER : undefined);
  }
  return types;
}

function rowless(word: string): RowsExecution {
  return {
    kind: 'rows',
    columns: undefined,
    commandTag: word,
    next: async () => undefined,
    close: async () => {},
  };
}

function rows(rowCount: number, first: DuckDBValue): RowsExecution {
  let given = 0;
  const text = typeof first === 'string' ? first : 'text';
  return {
    kind: 'rows',
    columns,
    get commandTag() {
      return `SELECT ${given}`;
    },
    async next(): Promise<RowBatch | undefined> {
      if (given >= rowCount) return undefined;
      const count = Math.min(batchRows, rowCount - given);
      given += count;
      const numbers = Array.from({ length: count }, (_, index) => index);
      return {
        rowCount: count,
        columns: [
          numbers,
          numbers.map((index) => (index % 3 === 2 ? null : text)),
          numbers.map((index) => index / 4),
        ],
      };
    },
    async close() {},
  };
}

function failure(sqlState: SqlState, what: string): SqlensError {
  return new SqlensError({ sqlState, message: `refused: ${what.slice(0, 40)}` });
}
