/**
 * A session's settings (GUCs): PostgreSQL's that clients send, and `sqlens.*`. Each session has its own copy; DuckDB's
 * settings are not among them, since most of those would change every session.
 */
import { SqlensError, SqlState } from '../../common/errors.ts';

interface SettingDefinition {
  readonly name: string;
  readonly initial: string;
  /** Told to the client by ParameterStatus, at start and when it changes. */
  readonly report?: true;
  readonly readOnly?: true;
  /** Normalises a value, or says what would be right. */
  readonly parse?: (value: string) => string | { readonly expected: string };
}

const BOOLEAN = (value: string) => {
  const known: Record<string, string> = {
    on: 'on',
    true: 'on',
    yes: 'on',
    1: 'on',
    off: 'off',
    false: 'off',
    no: 'off',
    0: 'off',
  };
  return known[value.toLowerCase()] ?? { expected: 'on or off' };
};

const oneOf =
  (...values: string[]) =>
  (value: string) =>
    values.find((known) => known.toLowerCase() === value.toLowerCase()) ?? { expected: values.join(', ') };

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const DURATION = (value: string) => {
  const [, number, unit = 'ms'] = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|min|h|d)?\s*$/.exec(value) ?? [];
  if (number === undefined) return { expected: 'a duration such as 500ms, 30s or 5min (0: none)' };
  return String(Math.round(Number(number) * (UNITS_MS[unit] ?? 1)));
};

const UTF8_ONLY = (value: string) =>
  /^(utf-?8|unicode)$/i.test(value) ? 'UTF8' : { expected: 'UTF8, the only encoding there is' };

const ISO_ONLY = (value: string) =>
  /^\s*(iso|default)?\s*(,\s*\w+)?\s*$/i.test(value) || /^(mdy|dmy|ymd)$/i.test(value)
    ? 'ISO, MDY'
    : { expected: 'ISO' };

/** PostgreSQL 15's thirteen reported parameters first, in its order. */
const DEFINITIONS: readonly SettingDefinition[] = [
  { name: 'application_name', initial: '', report: true },
  { name: 'client_encoding', initial: 'UTF8', report: true, parse: UTF8_ONLY },
  { name: 'DateStyle', initial: 'ISO, MDY', report: true, parse: ISO_ONLY },
  { name: 'default_transaction_read_only', initial: 'off', report: true, parse: BOOLEAN },
  { name: 'in_hot_standby', initial: 'off', report: true, readOnly: true },
  { name: 'integer_datetimes', initial: 'on', report: true, readOnly: true },
  { name: 'IntervalStyle', initial: 'postgres', report: true, parse: oneOf('postgres') },
  { name: 'is_superuser', initial: 'off', report: true, readOnly: true },
  { name: 'server_encoding', initial: 'UTF8', report: true, readOnly: true },
  { name: 'server_version', initial: '15.0 (SQLens)', report: true, readOnly: true },
  { name: 'session_authorization', initial: '', report: true, readOnly: true },
  { name: 'standard_conforming_strings', initial: 'on', report: true, parse: oneOf('on') },
  { name: 'TimeZone', initial: 'UTC', report: true },
  { name: 'server_version_num', initial: '150000', readOnly: true },
  { name: 'search_path', initial: '"$user", public' },
  { name: 'statement_timeout', initial: '0', parse: DURATION },
  { name: 'lock_timeout', initial: '0', parse: DURATION },
  { name: 'idle_in_transaction_session_timeout', initial: '0', parse: DURATION },
  { name: 'idle_session_timeout', initial: '0', parse: DURATION },
  { name: 'extra_float_digits', initial: '1' },
  { name: 'bytea_output', initial: 'hex', parse: oneOf('hex') },
  {
    name: 'client_min_messages',
    initial: 'notice',
    parse: oneOf('debug', 'log', 'notice', 'warning', 'error'),
  },
  { name: 'transaction_isolation', initial: 'repeatable read' },
  { name: 'default_transaction_isolation', initial: 'repeatable read' },
  { name: 'transaction_read_only', initial: 'off', parse: BOOLEAN },
  { name: 'row_security', initial: 'on', parse: BOOLEAN },
  { name: 'check_function_bodies', initial: 'on', parse: BOOLEAN },
  { name: 'synchronize_seqscans', initial: 'on', parse: BOOLEAN },
  { name: 'xmloption', initial: 'content' },
  { name: 'jit', initial: 'off', parse: BOOLEAN },
  { name: 'max_identifier_length', initial: '63', readOnly: true },
  { name: 'sqlens.on_error', initial: 'null', parse: oneOf('null', 'fail') },
];

const byLowerName = new Map(DEFINITIONS.map((definition) => [definition.name.toLowerCase(), definition]));

export interface SettingChange {
  readonly name: string;
  readonly value: string;
  readonly reported: boolean;
}

export class Settings {
  readonly #values = new Map<string, string>();
  /** What RESET goes back to: the defaults and the startup message's values. */
  readonly #resetValues = new Map<string, string>();

  constructor(fixed: ReadonlyMap<string, string>) {
    for (const { name, initial } of DEFINITIONS) this.#values.set(name, fixed.get(name) ?? initial);
    for (const [name, value] of this.#values) this.#resetValues.set(name, value);
  }

  /** The current values become what RESET goes back to: after the startup message's settings. */
  rememberAsReset(): void {
    for (const [name, value] of this.#values) this.#resetValues.set(name, value);
  }

  reported(): [string, string][] {
    return DEFINITIONS.filter((definition) => definition.report).map(({ name }) => [name, this.get(name)]);
  }

  all(): [string, string][] {
    return [...this.#values].sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
  }

  /** @returns undefined for a setting that does not exist */
  find(name: string): string | undefined {
    const definition = byLowerName.get(name.toLowerCase());
    return definition === undefined ? undefined : this.#values.get(definition.name);
  }

  /** @throws 42704 for a setting that does not exist */
  get(name: string): string {
    const value = this.#values.get(definitionOf(name).name);
    return value ?? '';
  }

  /**
   * @throws 42704 unknown, 55P02 not changeable, 22023 a value that makes no sense
   */
  set(name: string, value: string): SettingChange {
    const definition = definitionOf(name);
    if (definition.readOnly) {
      throw new SqlensError({
        sqlState: SqlState.cantChangeRuntimeParam,
        message: `parameter "${definition.name}" cannot be changed`,
      });
    }
    const parsed = definition.parse?.(value) ?? value;
    if (typeof parsed !== 'string') {
      throw new SqlensError({
        sqlState: SqlState.invalidParameterValue,
        message: `invalid value for parameter "${definition.name}": "${value}"`,
        hint: `It takes ${parsed.expected}.`,
      });
    }
    this.#values.set(definition.name, parsed);
    return { name: definition.name, value: parsed, reported: definition.report === true };
  }

  resetValue(name: string): string {
    return this.#resetValues.get(definitionOf(name).name) ?? '';
  }

  changeableNames(): string[] {
    return DEFINITIONS.filter((definition) => !definition.readOnly).map((definition) => definition.name);
  }

  /** Names of settings that differ from what RESET would give. */
  changed(): string[] {
    return [...this.#values]
      .filter(([name, value]) => this.#resetValues.get(name) !== value)
      .map(([name]) => name);
  }
}

function definitionOf(name: string): SettingDefinition {
  const definition = byLowerName.get(name.toLowerCase());
  if (definition === undefined) {
    throw new SqlensError({
      sqlState: SqlState.undefinedObject,
      message: `unrecognized configuration parameter "${name}"`,
      hint: 'SHOW ALL lists the settings there are. Those of the engine itself belong to whoever starts the server.',
    });
  }
  return definition;
}
