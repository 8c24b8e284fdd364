/** SET and RESET in all their forms, and set_config(). */
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { RowsExecution } from '../api.ts';
import { Cursor as Reader } from '../ddl/cursor.ts';
import { finished } from '../run/executions.ts';
import type { SessionContext } from '../session/session-context.ts';
import { settingDefinition } from '../settings/index.ts';
import type { SettingScope } from '../settings/settings.ts';
import type { Token } from '../text/tokens.ts';
import { readModes, setTransactionMode, setTransactionModes } from './modes.ts';
import { warn } from './notices.ts';
import { readSettingName } from './show.ts';

const TRANSACTION_SETTING = /^transaction_(isolation|read_only|deferrable)$/;

/**
 * Changes one setting, in the session and in the engine.
 * @param value undefined: what RESET gives
 * @throws 42704, 55P02, 42501, 22023; nothing has changed then
 */
export async function assign(
  context: SessionContext,
  name: string,
  value: string | undefined,
  scope: SettingScope = 'session',
  by: 'client' | 'startup' = 'client',
): Promise<void> {
  const { settings, sessionSettings, transaction } = context;
  const canonical = settings.canonicalName(name);
  if (TRANSACTION_SETTING.test(canonical)) return setTransactionMode(context, canonical, value);
  if (value !== undefined) checkRole(context, canonical, value);
  const mark = settings.mark();
  // Outside of a transaction SET LOCAL ends as soon as it has begun.
  const changes = settings.set(name, value, scope, by);
  try {
    await sessionSettings.apply(context.connection);
  } catch (error) {
    settings.restore(mark);
    throw error;
  }
  sessionSettings.tell(changes);
  if (scope === 'local' && !transaction.isOpen) sessionSettings.tell(settings.restore(mark));
}

/** Nobody becomes somebody else. */
function checkRole({ user }: SessionContext, name: string, value: string): void {
  if (name !== 'role' && name !== 'session_authorization') return;
  if (value === user || (name === 'role' && value === 'none')) return;
  throw new SqlensError({
    sqlState: SqlState.insufficientPrivilege,
    message: `permission denied to set ${name === 'role' ? 'role' : 'session authorization'} "${value}"`,
    hint: 'Connect as that user instead.',
  });
}

export async function set(context: SessionContext, tokens: readonly Token[]): Promise<RowsExecution> {
  const reader = new Reader(tokens);
  reader.expect('set');
  if (reader.accept('constraints')) return setConstraints(context, reader);
  if (reader.accept('session', 'characteristics')) {
    reader.expect('as', 'transaction');
    const { isolation, readOnly, deferrable } = readModes(reader);
    if (isolation !== undefined) await assign(context, 'default_transaction_isolation', isolation);
    if (readOnly !== undefined) await assign(context, 'default_transaction_read_only', readOnly);
    if (deferrable !== undefined) await assign(context, 'default_transaction_deferrable', deferrable);
    return finished('SET');
  }
  const scope = readScope(reader, tokens);
  if (reader.accept('transaction')) return setTransaction(context, reader);
  if (scope === 'local' && !context.transaction.isOpen) {
    warn(context, SqlState.noActiveSqlTransaction, 'SET LOCAL can only be used in transaction blocks');
  }
  const { name, value } = readAssignment(reader);
  if (value === undefined) warnTransactionSetting(context, name);
  await assign(context, name, value, scope);
  return finished('SET');
}

export async function reset(context: SessionContext, tokens: readonly Token[]): Promise<RowsExecution> {
  const reader = new Reader(tokens);
  reader.expect('reset');
  if (reader.accept('all')) {
    reader.expectEnd();
    await resetAll(context);
    return finished('RESET');
  }
  const name = readSettingName(reader);
  reader.expectEnd();
  warnTransactionSetting(context, name);
  await assign(context, name, undefined);
  return finished('RESET');
}

export async function resetAll({ settings, sessionSettings, connection }: SessionContext): Promise<void> {
  sessionSettings.tell(settings.resetAll());
  await sessionSettings.apply(connection);
}

function readScope(reader: Reader, tokens: readonly Token[]): SettingScope {
  // "SET session = 1" and SET SESSION AUTHORIZATION begin the same way.
  const next = tokens[2]?.value ?? '';
  if (next === '=' || next === 'to' || (next === 'authorization' && tokens[1]?.value === 'session')) {
    return 'session';
  }
  if (reader.accept('local')) return 'local';
  reader.accept('session');
  return 'session';
}

function setTransaction(context: SessionContext, reader: Reader): RowsExecution {
  if (reader.accept('snapshot')) {
    throw new SqlensError({
      sqlState: SqlState.featureNotSupported,
      message: 'SET TRANSACTION SNAPSHOT is not supported: the engine cannot share a snapshot',
      hint: 'Use one session for what must see the same data.',
    });
  }
  const modes = readModes(reader);
  if (!context.transaction.isOpen) {
    warn(context, SqlState.noActiveSqlTransaction, 'SET TRANSACTION can only be used in transaction blocks');
  }
  setTransactionModes(context, modes);
  return finished('SET');
}

/** SET CONSTRAINTS ALL | name, … DEFERRED | IMMEDIATE: the engine checks at once, always. */
function setConstraints(context: SessionContext, reader: Reader): RowsExecution {
  if (!reader.accept('all')) {
    const { schema, name } = reader.qualifiedName('the name of a constraint');
    throw new SqlensError({
      sqlState: SqlState.undefinedObject,
      message: `constraint "${schema === 'public' ? name : `${schema}.${name}`}" does not exist`,
      hint: 'No constraint of the engine can be deferred.',
    });
  }
  if (!reader.accept('deferred')) reader.expect('immediate');
  reader.expectEnd();
  if (!context.transaction.isOpen) {
    warn(context, SqlState.noActiveSqlTransaction, 'SET CONSTRAINTS can only be used in transaction blocks');
  }
  return finished('SET CONSTRAINTS');
}

function warnTransactionSetting(context: SessionContext, name: string): void {
  if (context.transaction.isOpen || !TRANSACTION_SETTING.test(name.toLowerCase())) return;
  warn(context, SqlState.noActiveSqlTransaction, 'RESET TRANSACTION can only be used in transaction blocks');
}

interface Assignment {
  readonly name: string;
  /** Undefined: DEFAULT. */
  readonly value: string | undefined;
}

/** Everything behind SET [SESSION | LOCAL]. */
function readAssignment(reader: Reader): Assignment {
  const special = readSpecial(reader);
  if (special !== undefined) return special;
  const name = readSettingName(reader);
  const isTimeZone = name === 'TimeZone';
  if (!reader.accept('=') && !reader.accept('to') && !isTimeZone) throw reader.unexpected('= or TO');
  if (reader.accept('default')) {
    reader.expectEnd();
    return { name, value: undefined };
  }
  if (isTimeZone && reader.accept('local')) {
    reader.expectEnd();
    return { name, value: undefined };
  }
  if (isTimeZone && reader.accept('interval')) return { name, value: readInterval(reader) };
  return { name, value: readValues(reader, name) };
}

/** SET NAMES, ROLE, SCHEMA, SESSION AUTHORIZATION, XML OPTION: settings with a grammar of their own. */
function readSpecial(reader: Reader): Assignment | undefined {
  if (reader.accept('names')) {
    if (reader.atEnd() || reader.accept('default')) return ended(reader, 'client_encoding', undefined);
    return ended(reader, 'client_encoding', reader.string('the name of an encoding').value);
  }
  if (reader.accept('role')) {
    if (!reader.accept('=')) reader.accept('to');
    if (reader.accept('default')) return ended(reader, 'role', undefined);
    return ended(reader, 'role', readValue(reader));
  }
  if (reader.accept('schema'))
    return ended(reader, 'search_path', quoteAsNeeded(reader.string('a schema').value));
  if (reader.accept('session', 'authorization')) {
    if (!reader.accept('=')) reader.accept('to');
    if (reader.accept('default')) return ended(reader, 'session_authorization', undefined);
    return ended(reader, 'session_authorization', readValue(reader));
  }
  if (reader.accept('xml', 'option')) return ended(reader, 'xmloption', readValue(reader));
  return undefined;
}

function ended(reader: Reader, name: string, value: string | undefined): Assignment {
  reader.expectEnd();
  return { name, value };
}

/** INTERVAL '-08:00' HOUR TO MINUTE */
function readInterval(reader: Reader): string {
  const { value } = reader.string('an interval');
  if (reader.accept('hour')) reader.accept('to', 'minute');
  reader.expectEnd();
  return `INTERVAL '${value}'`;
}

function readValues(reader: Reader, name: string): string {
  const type = settingDefinition(name)?.type;
  const isList = type?.vartype === 'string' && type.list;
  const quotes = type?.vartype === 'string' && type.quotes;
  const values: string[] = [];
  do {
    const value = readValue(reader);
    values.push(quotes ? quoteAsNeeded(value) : value);
  } while (reader.accept(','));
  reader.expectEnd();
  if (values.length > 1 && !isList) {
    throw new SqlensError({
      sqlState: SqlState.invalidParameterValue,
      message: `SET ${name} takes only one argument`,
    });
  }
  return values.join(', ');
}

/** A string, a number with its sign, or a word. */
function readValue(reader: Reader): string {
  const sign = reader.accept('-') ? '-' : reader.accept('+') ? '' : undefined;
  const token = reader.peek();
  if (token?.kind === 'number') {
    reader.accept(token.value);
    return `${sign ?? ''}${token.value}`;
  }
  if (sign !== undefined) throw reader.unexpected('a number');
  if (token?.kind === 'string') return reader.string('a value').value;
  return reader.name('a value').value;
}

/** Words that PostgreSQL quotes although they look like names. */
const RESERVED =
  /^(all|and|any|as|asc|both|case|cast|check|column|create|default|desc|distinct|do|else|end|except|false|for|from|grant|group|having|in|into|leading|limit|not|null|offset|on|only|or|order|primary|select|some|table|then|to|true|union|unique|user|using|when|where|with)$/;

/** As quote_identifier() writes a name: `"$user", public`. */
export function quoteAsNeeded(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !RESERVED.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
