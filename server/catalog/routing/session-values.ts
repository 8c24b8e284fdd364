/**
 * Functions about the session and the server, which SQLens answers itself: the mirror is one PostgreSQL session for
 * everybody, and DuckDB's `current_user` is always duckdb.
 */
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { quoteIdentifier, quoteLiteral } from '../../query/text/tokens.ts';
import type { SessionCall } from './constants.ts';

/** What a session can tell. Whatever is left out is asked of the mirror. */
export interface SessionFacts {
  readonly user: string;
  /** The one database's name. */
  readonly database: string;
  /** What BackendKeyData gave the client. */
  readonly processId: number;
  /** The whole of what version() says. */
  readonly versionText: string;
  /** The schemas of the search path that exist; pg_catalog only where the path names it. */
  readonly schemas: readonly string[];
  /** The value of a setting, undefined when there is none of that name. */
  setting(name: string): string | undefined;
  /** set_config; its result is the new value. Called only when a statement is executed, not when it is described. */
  setConfig?(name: string, value: string, isLocal: boolean): string;
  notify?(channel: string, payload: string): void;
  /** Whether there was such a session. */
  cancelBackend?(processId: number): boolean;
  terminateBackend?(processId: number): boolean;
  /** When the server started, as PostgreSQL writes a timestamptz. */
  readonly startTime?: string;
  readonly clientAddress?: string | null;
  readonly clientPort?: number | null;
  readonly serverAddress?: string | null;
  readonly serverPort?: number | null;
  /** The text of $1 (1), when a statement is executed. Without it, calls that take parameters are refused. */
  parameter?(number: number): string | null;
}

/** `describe`: only the type matters, and nothing may change. */
export type AnswerMode = 'describe' | 'execute';

/** A value with both its types. `text` is PostgreSQL's text format. */
export interface SessionValue {
  readonly text: string | null | readonly (string | null)[];
  readonly postgresType: string;
  readonly duckdbType: string;
}

type Answer = (
  facts: SessionFacts,
  parameters: readonly (string | null)[],
  mode: AnswerMode,
) => SessionValue | undefined;

const text = (value: string | null): SessionValue => ({
  text: value,
  postgresType: 'pg_catalog.text',
  duckdbType: 'VARCHAR',
});
const name = (value: string | null): SessionValue => ({ ...text(value), postgresType: 'pg_catalog.name' });
const boolean = (value: boolean): SessionValue => ({
  text: String(value),
  postgresType: 'pg_catalog.bool',
  duckdbType: 'BOOLEAN',
});
const integer = (value: number | null): SessionValue => ({
  text: value === null ? null : String(value),
  postgresType: 'pg_catalog.int4',
  duckdbType: 'INTEGER',
});
const names = (values: readonly string[]): SessionValue => ({
  text: values,
  postgresType: 'pg_catalog.name[]',
  duckdbType: 'VARCHAR[]',
});
const nothing: SessionValue = { text: '', postgresType: 'pg_catalog.text', duckdbType: 'VARCHAR' };

/** Of an optional fact. */
const address = (value: string | null | undefined): SessionValue | undefined =>
  value === undefined ? undefined : { text: value, postgresType: 'pg_catalog.inet', duckdbType: 'VARCHAR' };
const port = (value: number | null | undefined) => (value === undefined ? undefined : integer(value));
const time = (value: string | undefined): SessionValue | undefined =>
  value === undefined
    ? undefined
    : { text: value, postgresType: 'pg_catalog.timestamptz', duckdbType: 'TIMESTAMPTZ' };

/** A function without parameters. */
const plain =
  (value: (facts: SessionFacts) => SessionValue | undefined): Answer =>
  (facts, parameters) =>
    parameters.length === 0 ? value(facts) : undefined;

const ANSWERS: ReadonlyMap<string, Answer> = new Map<string, Answer>([
  ['version', plain(({ versionText }) => text(versionText))],
  ['current_database', plain(({ database }) => name(database))],
  ['current_catalog', plain(({ database }) => name(database))],
  ['current_user', plain(({ user }) => name(user))],
  ['current_role', plain(({ user }) => name(user))],
  ['session_user', plain(({ user }) => name(user))],
  ['getpgusername', plain(({ user }) => name(user))],
  ['current_schema', plain(({ schemas }) => name(schemas[0] ?? null))],
  ['current_schemas', currentSchemas],
  ['current_setting', currentSetting],
  ['set_config', setConfig],
  ['pg_backend_pid', plain(({ processId }) => integer(processId))],
  ['pg_is_in_recovery', plain(() => boolean(false))],
  ['pg_client_encoding', plain(() => name('UTF8'))],
  ['getdatabaseencoding', plain(() => name('UTF8'))],
  ['pg_encoding_to_char', (_, [encoding]) => (encoding === '6' ? name('UTF8') : undefined)],
  // No session ever holds one: void, which is shown as nothing.
  ['pg_advisory_unlock_all', plain(() => nothing)],
  ['pg_postmaster_start_time', plain(({ startTime }) => time(startTime))],
  ['pg_conf_load_time', plain(({ startTime }) => time(startTime))],
  ['inet_client_addr', plain(({ clientAddress }) => address(clientAddress))],
  ['inet_client_port', plain(({ clientPort }) => port(clientPort))],
  ['inet_server_addr', plain(({ serverAddress }) => address(serverAddress))],
  ['inet_server_port', plain(({ serverPort }) => port(serverPort))],
  ['pg_notify', notify],
  ['pg_cancel_backend', signal('pg_cancel_backend', ({ cancelBackend }) => cancelBackend)],
  ['pg_terminate_backend', signal('pg_terminate_backend', ({ terminateBackend }) => terminateBackend)],
]);

/** @returns undefined when it is for the mirror to say */
export function sessionValueOf(
  call: SessionCall,
  facts: SessionFacts,
  mode: AnswerMode,
): SessionValue | undefined {
  const value = ANSWERS.get(call.name)?.(facts, argumentsOf(call, facts, mode), mode);
  if (value !== undefined || mode === 'execute' || parametersOf(call).length === 0) return value;
  return call.name === 'current_schemas' ? names([]) : text(null);
}

/** The numbers of the parameters that a call takes. */
export function parametersOf({ parameters }: SessionCall): readonly number[] {
  return parameters.flatMap((item) => (item === null || typeof item === 'string' ? [] : item.parameter));
}

/** The texts of a call's arguments; those that only an execution knows are '' before. */
export function argumentsOf(
  call: SessionCall,
  facts: SessionFacts,
  mode: AnswerMode,
): readonly (string | null)[] {
  return call.parameters.map((item) => {
    if (item === null || typeof item === 'string') return item;
    if (mode === 'describe') return '';
    if (facts.parameter === undefined) {
      throw notHere(`${call.name} of a parameter`, 'Write its arguments as constants.');
    }
    return facts.parameter(item.parameter);
  });
}

function currentSchemas({ schemas }: SessionFacts, [implicit]: readonly (string | null)[]) {
  if (implicit !== 'true' && implicit !== 'false') return undefined;
  const isImplicit = implicit === 'true' && !schemas.includes('pg_catalog');
  return names(isImplicit ? ['pg_catalog', ...schemas] : schemas);
}

function currentSetting(facts: SessionFacts, [setting, missingOk]: readonly (string | null)[]) {
  const value = setting === undefined || setting === null ? undefined : facts.setting(setting);
  if (value !== undefined) return text(value);
  return missingOk === 'true' && setting !== undefined ? text(null) : undefined;
}

function setConfig(facts: SessionFacts, parameters: readonly (string | null)[], mode: AnswerMode) {
  const [setting, value, isLocal] = parameters;
  if (setting === undefined || setting === null || parameters.length !== 3) return undefined;
  if (mode === 'describe') return text(value ?? '');
  if (facts.setConfig === undefined) throw notHere('set_config', 'Use SET.');
  return text(facts.setConfig(setting, value ?? '', isLocal === 'true'));
}

function notify(facts: SessionFacts, [channel, payload]: readonly (string | null)[], mode: AnswerMode) {
  if (channel === undefined || channel === null) return undefined;
  if (mode === 'describe') return nothing;
  if (facts.notify === undefined) throw notHere('pg_notify', 'Use NOTIFY.');
  facts.notify(channel, payload ?? '');
  return nothing;
}

function signal(
  called: string,
  send: (facts: SessionFacts) => ((processId: number) => boolean) | undefined,
): Answer {
  return (facts, [processId], mode) => {
    if (mode === 'describe') return boolean(false);
    const act = send(facts);
    if (act === undefined)
      throw notHere(called, 'Send a cancel request instead, as clients do when asked to stop.');
    return boolean(act(Number(processId)));
  };
}

function notHere(called: string, hint: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.featureNotSupported,
    message: `${called} is not supported`,
    hint,
  });
}

/** The value as a constant of DuckDB's. */
export function duckdbConstant({ text: value, duckdbType }: SessionValue): string {
  if (value === null) return `CAST(NULL AS ${duckdbType})`;
  if (typeof value !== 'string') {
    const items = value.map((item) => (item === null ? 'NULL' : quoteLiteral(item)));
    return `CAST([${items.join(', ')}] AS ${duckdbType})`;
  }
  if (duckdbType === 'VARCHAR') return quoteLiteral(value);
  return `CAST(${quoteLiteral(value)} AS ${duckdbType})`;
}

/** The value as a constant of PostgreSQL's. */
function postgresConstant({ text: value, postgresType }: SessionValue): string {
  if (value === null) return `CAST(NULL AS ${postgresType})`;
  const literal =
    typeof value === 'string'
      ? postgresLiteral(value)
      : `ARRAY[${value.map((item) => (item === null ? 'NULL' : postgresLiteral(item))).join(', ')}]`;
  return `CAST(${literal} AS ${postgresType})`;
}

/** A parameter must not vanish from the text: its number would be another's, or its type unknown. */
function keptInPostgres(call: SessionCall): string {
  const kept = parametersOf(call).map((number) => `CAST($${number} AS pg_catalog.text)`);
  return kept.length === 0 ? '' : ` WHERE pg_catalog.concat(${kept.join(', ')}) IS NOT NULL`;
}

/** A call's value as DuckDB's, with the parameters that it takes: concat is never NULL. */
export function duckdbValue(call: SessionCall, value: SessionValue): string {
  const kept = parametersOf(call).map((number) => `CAST($${number} AS VARCHAR)`);
  const constant = duckdbConstant(value);
  return kept.length === 0
    ? constant
    : `CASE WHEN concat(${kept.join(', ')}) IS NULL THEN NULL ELSE ${constant} END`;
}

/** A call with the values of its parameters written out. */
export function writtenOut(call: SessionCall, facts: SessionFacts): string {
  const written = argumentsOf(call, facts, 'execute').map((item) =>
    item === null ? 'NULL' : postgresLiteral(item),
  );
  return `pg_catalog.${call.name}(${written.join(', ')})`;
}

/** Right whatever standard_conforming_strings says. */
function postgresLiteral(value: string): string {
  const quoted = quoteLiteral(value);
  return value.includes('\\') ? `E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}

/**
 * A text for the mirror, with the calls about the session answered. Each answer is a subquery with the call's name:
 * right in FROM and in expressions, and PostgreSQL names an output column after it.
 * @param part the offsets of what is wanted of `sql`
 */
export function forMirror(
  sql: string,
  calls: readonly SessionCall[],
  facts: SessionFacts,
  mode: AnswerMode,
  part: { readonly start: number; readonly end: number } = { start: 0, end: sql.length },
): string {
  let answered = '';
  let copied = part.start;
  for (const call of calls) {
    if (call.start < part.start || call.end > part.end) continue;
    // A setting by a parameter's name, outside of the engine: the mirror is told the settings, and binds it itself.
    const isBound = parametersOf(call).length > 0 && facts.parameter === undefined;
    const value = isBound ? undefined : sessionValueOf(call, facts, mode);
    if (value === undefined) continue;
    const column = quoteIdentifier(call.source?.column ?? call.name);
    const alias = call.source?.hasAlias === false ? ` AS ${column}` : '';
    const answer = `(SELECT ${postgresConstant(value)} AS ${column}${keptInPostgres(call)})`;
    // Bare, ANY would compare with the subquery's rows, not with the array's elements. The cast keeps the name.
    const isBare = !Array.isArray(value.text) || call.source !== undefined;
    answered += sql.slice(copied, call.start);
    answered += isBare ? `${answer}${alias}` : `CAST(${answer} AS ${value.postgresType})`;
    copied = call.end;
  }
  return answered + sql.slice(copied, part.end);
}
