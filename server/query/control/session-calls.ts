/**
 * SELECT of nothing but functions that act on the session: set_config(), pg_notify(), advisory locks, pg_sleep(). The
 * engine has none of them, and a model-free SELECT list of them is how clients call them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { BOOLEAN, type DuckDBType, type DuckDBValue, VARCHAR } from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { ParameterValue, ResultColumn, RowsExecution } from '../api.ts';
import type { Parsed } from '../describe/parsed.ts';
import { fromRows } from '../run/executions.ts';
import type { SessionContext } from '../session/session-context.ts';
import { textBetween } from '../text/clauses.ts';
import type { Token } from '../text/tokens.ts';
import type { LockMode } from './advisory-locks.ts';
import { evaluate } from './prepare.ts';
import { readSessionCalls } from './session-call-syntax.ts';
import { assign } from './set.ts';

type Run = (context: SessionContext, values: readonly string[]) => Promise<DuckDBValue>;

interface SessionFunction {
  /** Types of its parameters, by their number. */
  readonly signatures: readonly (readonly string[])[];
  readonly returns: DuckDBType | 'void';
  readonly run: Run;
}

const MAX_SLEEP_S = 2_000_000;

const FUNCTIONS: ReadonlyMap<string, SessionFunction> = new Map([
  [
    'set_config',
    {
      signatures: [['VARCHAR', 'VARCHAR', 'BOOLEAN']],
      returns: VARCHAR,
      run: async (context: SessionContext, [name = '', value = '', local]: readonly string[]) => {
        await assign(context, name, value, local === 'true' ? 'local' : 'session');
        return local === 'true' && !context.transaction.isOpen ? value : context.settings.get(name);
      },
    },
  ],
  [
    'pg_notify',
    {
      signatures: [['VARCHAR', 'VARCHAR']],
      returns: 'void',
      run: async (
        { notifications, transaction }: SessionContext,
        [channel = '', payload = '']: readonly string[],
      ) => {
        notifications.notify(channel, payload);
        if (!transaction.isOpen) await notifications.endAlone();
        return '';
      },
    },
  ],
  [
    'pg_sleep',
    {
      signatures: [['DOUBLE']],
      returns: 'void',
      run: async ({ signal }: SessionContext, [seconds = '0']: readonly string[]) => {
        const delay_ms = Math.min(Math.max(Number(seconds), 0), MAX_SLEEP_S) * 1000;
        await sleep(delay_ms, undefined, { signal }).catch(() => signal.throwIfAborted());
        return '';
      },
    },
  ],
  [
    'pg_advisory_unlock_all',
    {
      signatures: [[]],
      returns: 'void',
      run: async ({ advisoryLocks }: SessionContext) => {
        advisoryLocks.unlockAll();
        return '';
      },
    },
  ],
  ['pg_listening_channels', { signatures: [[]], returns: VARCHAR, run: async () => null }],
  ...lockFunctions(),
]);

function lockFunctions(): [string, SessionFunction][] {
  const functions: [string, SessionFunction][] = [];
  const signatures = [['BIGINT'], ['INTEGER', 'INTEGER']];
  for (const [suffix, mode] of [
    ['', 'exclusive'],
    ['_shared', 'shared'],
  ] as const) {
    for (const [infix, scope] of [
      ['', 'session'],
      ['xact_', 'transaction'],
    ] as const) {
      functions.push([
        `pg_advisory_${infix}lock${suffix}`,
        { signatures, returns: 'void', run: (context, values) => lock(context, values, mode, scope) },
      ]);
      functions.push([
        `pg_try_advisory_${infix}lock${suffix}`,
        {
          signatures,
          returns: BOOLEAN,
          run: async (context, values) => {
            const locked = context.advisoryLocks.tryLock(values.join(','), mode, scope);
            await endOfStatement(context, scope);
            return locked;
          },
        },
      ]);
    }
    functions.push([
      `pg_advisory_unlock${suffix}`,
      { signatures, returns: BOOLEAN, run: async (context, values) => unlock(context, values, mode) },
    ]);
  }
  return functions;
}

async function lock(
  context: SessionContext,
  values: readonly string[],
  mode: LockMode,
  scope: 'session' | 'transaction',
): Promise<string> {
  const timeout_ms = context.settings.number('lock_timeout');
  const expired = new AbortController();
  const signal = AbortSignal.any([context.signal, expired.signal]);
  const timer = timeout_ms > 0 ? setTimeout(() => expired.abort(lockTimeout()), timeout_ms) : undefined;
  try {
    await context.advisoryLocks.lock(values.join(','), mode, scope, signal);
  } finally {
    clearTimeout(timer);
  }
  await endOfStatement(context, scope);
  return '';
}

/** A statement by itself is a transaction by itself: its locks end with it. */
async function endOfStatement(
  { advisoryLocks, transaction }: SessionContext,
  scope: 'session' | 'transaction',
): Promise<void> {
  if (scope === 'transaction' && !transaction.isOpen) await advisoryLocks.ended();
}

function unlock(context: SessionContext, values: readonly string[], mode: LockMode): boolean {
  if (context.advisoryLocks.unlock(values.join(','), mode)) return true;
  const what = mode === 'exclusive' ? 'ExclusiveLock' : 'ShareLock';
  context.notice({
    severity: 'WARNING',
    error: new SqlensError({
      sqlState: SqlState.warning,
      message: `you don't own a lock of type ${what}`,
    }),
  });
  return false;
}

function lockTimeout(): SqlensError {
  return new SqlensError({
    sqlState: SqlState.lockNotAvailable,
    message: 'canceling statement due to lock timeout',
  });
}

interface Call {
  readonly name: string;
  readonly fn: SessionFunction;
  /** The values, as SQL of their types. */
  readonly expressions: readonly string[];
  readonly column: ResultColumn;
}

function callsOf(text: string, tokens: readonly Token[]): readonly Call[] {
  return (readSessionCalls(tokens) ?? []).map(({ name, values, alias }) => {
    const fn = FUNCTIONS.get(name);
    const types = fn?.signatures.find((signature) => signature.length === values.length);
    if (fn === undefined || types === undefined) {
      throw new SqlensError({
        sqlState: SqlState.undefinedFunction,
        message: `function ${name} does not take ${values.length} parameters`,
      });
    }
    return {
      name,
      fn,
      expressions: values.map(
        ([from, to], at) => `CAST(${textBetween(text, tokens, from, to)} AS ${types[at]})`,
      ),
      column: {
        name: alias ?? name,
        type: fn.returns === 'void' ? VARCHAR : fn.returns,
        isVoid: fn.returns === 'void',
      },
    };
  });
}

export function sessionCallColumns(text: string, tokens: readonly Token[]): readonly ResultColumn[] {
  return callsOf(text, tokens).map(({ column }) => column);
}

/** A SELECT of all their values, for the types of its parameters; undefined when they have none. */
export function sessionCallValues(text: string, tokens: readonly Token[]): string | undefined {
  const expressions = callsOf(text, tokens).flatMap((call) => call.expressions);
  return expressions.length === 0 ? undefined : `SELECT ${expressions.join(', ')}`;
}

export async function runSessionCalls(
  context: SessionContext,
  { text, tokens }: Parsed,
  parameters: readonly ParameterValue[],
): Promise<RowsExecution> {
  const calls = callsOf(text, tokens);
  if (calls[0]?.name === 'pg_listening_channels') {
    const { channels } = context.notifications;
    return fromRows(
      calls.map(({ column }) => column),
      channels.map((channel) => [channel]),
      `SELECT ${channels.length}`,
    );
  }
  const expressions = calls.flatMap((call) => call.expressions);
  const values = expressions.length === 0 ? [] : await evaluate(context, expressions, parameters);
  const row: DuckDBValue[] = [];
  let at = 0;
  for (const { name, fn, expressions: own } of calls) {
    const given = values.slice(at, at + own.length).map(({ value }) => value);
    at += own.length;
    // Strict, but for what PostgreSQL takes NULL for nothing in.
    const strict = name !== 'set_config' && name !== 'pg_notify';
    if (strict && given.includes(null)) row.push(null);
    else
      row.push(
        await fn.run(
          context,
          given.map((value) => (value === null ? '' : String(value))),
        ),
      );
  }
  return fromRows(
    calls.map(({ column }) => column),
    [row],
    'SELECT 1',
  );
}
