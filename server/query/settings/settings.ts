/**
 * A session's settings (GUCs): PostgreSQL's that clients send, `sqlens.*`, and whatever `a.b` a client makes up. Each
 * session has its own values, which are part of its transaction: ROLLBACK undoes SET, the end of a transaction SET
 * LOCAL. DuckDB's settings are not among them, since most of those would change every session.
 */
import { SqlensError, SqlState } from '../../../common/errors.ts';
import {
  parseSetting,
  type SettingContext,
  type SettingDefinition,
  settingDefinition,
  settingDefinitions,
  showSetting,
} from './index.ts';

/** A value that changed, as SHOW has it. */
export interface SettingChange {
  readonly name: string;
  readonly value: string;
  readonly reported: boolean;
}

/** A row of pg_settings. */
export interface SettingRow {
  readonly name: string;
  /** In the setting's own unit. */
  readonly setting: string;
  /** As SHOW has it. */
  readonly shown: string;
  readonly unit: string | undefined;
  readonly category: string;
  readonly description: string | undefined;
  readonly context: SettingContext;
  readonly vartype: 'bool' | 'integer' | 'real' | 'enum' | 'string';
  readonly source: 'default' | 'client' | 'session';
  readonly min: string | undefined;
  readonly max: string | undefined;
  readonly enumvals: readonly string[] | undefined;
  readonly boot: string;
  readonly reset: string;
}

export type SettingScope = 'session' | 'local';

/** The values as they were at some moment. */
export interface SettingsMark {
  readonly session: ReadonlyMap<string, string>;
  readonly local: ReadonlyMap<string, string>;
}

/** More than any client makes up, and few enough to copy at every change. */
const MAX_CUSTOM_SETTINGS = 500;

/** What a transaction has unless it says otherwise. */
const FOLLOWS: Readonly<Record<string, string>> = {
  transaction_isolation: 'default_transaction_isolation',
  transaction_read_only: 'default_transaction_read_only',
  transaction_deferrable: 'default_transaction_deferrable',
};

const NONE: ReadonlyMap<string, string> = new Map();

export class Settings {
  /** Values that differ from what RESET gives, by canonical name. Never changed, only replaced. */
  #session = NONE;
  /** SET LOCAL's, until the end of the transaction. */
  #local = NONE;
  /** What RESET goes back to where that is not the default: the startup message's values. */
  readonly #reset: Map<string, string>;
  /** Before the transaction that is open. */
  #before: SettingsMark | undefined;

  #version = 0;

  /** @param fixed values that belong to this session, such as session_authorization */
  constructor(fixed: ReadonlyMap<string, string>) {
    this.#reset = new Map(fixed);
  }

  /** Another number after every change. */
  get version(): number {
    return this.#version;
  }

  /** The current values become what RESET goes back to: after the startup message's settings. */
  rememberAsReset(): void {
    for (const [name, value] of this.#session) this.#reset.set(name, value);
    this.#session = NONE;
  }

  /** For ParameterStatus, in PostgreSQL's order. */
  reported(): [string, string][] {
    return settingDefinitions
      .filter(({ report }) => report)
      .map((definition) => [definition.name, showSetting(definition, this.#value(definition.name))]);
  }

  /** Rows of pg_settings and SHOW ALL, in their order. */
  all(): SettingRow[] {
    const custom = [...new Set([...this.#session.keys(), ...this.#local.keys(), ...this.#reset.keys()])]
      .filter((name) => settingDefinition(name) === undefined)
      .map((name) => customDefinition(name));
    return [...settingDefinitions.filter(({ hidden }) => !hidden), ...custom]
      .map((definition) => this.#row(definition))
      .sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1));
  }

  /** @returns what SHOW says, undefined for a setting that does not exist */
  find(name: string): string | undefined {
    const definition = this.#known(name);
    return definition === undefined ? undefined : showSetting(definition, this.#value(definition.name));
  }

  /**
   * What SHOW says.
   * @throws 42704 for a setting that does not exist
   */
  get(name: string): string {
    const value = this.find(name);
    if (value === undefined) throw unrecognised(name);
    return value;
  }

  /** A number in the setting's own unit: milliseconds for timeouts. */
  number(name: string): number {
    return Number(this.#value(this.#definition(name).name));
  }

  /** The setting's name as it is spelled in SHOW ALL. */
  canonicalName(name: string): string {
    return this.#known(name)?.name ?? name;
  }

  /**
   * @param value undefined: what RESET gives
   * @param by 'server': also what nobody may change
   * @returns what changed; nothing when the value is the same
   * @throws 42704 unknown, 55P02 not changeable, 42501 not allowed, 22023 a value that makes no sense
   */
  set(
    name: string,
    value: string | undefined,
    scope: SettingScope = 'session',
    by: 'client' | 'startup' | 'server' = 'client',
  ): SettingChange[] {
    const definition = this.#definition(name, value !== undefined);
    if (by !== 'server') this.#checkChangeable(definition, by);
    const canonical = definition.name;
    const current = this.#value(canonical);
    const parsed =
      value === undefined ? this.resetValue(canonical) : parseSetting(definition, value, current);
    return this.#changing(() => {
      const overlay = new Map(scope === 'local' ? this.#local : this.#session);
      // The value of RESET is kept as a value as well: a local one must not shine through, nor follow a default.
      const isOwn = settingDefinition(canonical) === undefined;
      if (scope === 'session' && value === undefined && !(isOwn && overlay.has(canonical))) {
        overlay.delete(canonical);
      } else overlay.set(canonical, parsed);
      if (scope === 'local') {
        this.#local = overlay;
        return;
      }
      if (overlay.size > MAX_CUSTOM_SETTINGS + settingDefinitions.length) throw tooMany();
      this.#session = overlay;
      if (this.#local.has(canonical)) {
        const local = new Map(this.#local);
        local.delete(canonical);
        this.#local = local;
      }
    });
  }

  /** RESET ALL. */
  resetAll(): SettingChange[] {
    return this.#changing(() => {
      const keeps = ([name]: readonly [string, string]) => settingDefinition(name)?.keptByResetAll === true;
      this.#session = new Map([...this.#session].filter(keeps));
      this.#local = new Map([...this.#local].filter(keeps));
    });
  }

  /** In the setting's own unit. */
  resetValue(name: string): string {
    const definition = this.#definition(name);
    const followed = FOLLOWS[definition.name];
    if (followed !== undefined) return this.#value(followed);
    return this.#reset.get(definition.name) ?? definition.boot;
  }

  /** Names of settings that differ from what RESET would give. */
  changed(): string[] {
    return [...new Set([...this.#session.keys(), ...this.#local.keys()])].filter(
      (name) => this.#value(name) !== this.resetValue(name),
    );
  }

  begin(): void {
    this.#before = this.mark();
  }

  commit(): SettingChange[] {
    this.#before = undefined;
    return this.restore({ session: this.#session, local: NONE });
  }

  rollback(): SettingChange[] {
    const before = this.#before;
    this.#before = undefined;
    return before === undefined ? [] : this.restore(before);
  }

  mark(): SettingsMark {
    return { session: this.#session, local: this.#local };
  }

  restore({ session, local }: SettingsMark): SettingChange[] {
    return this.#changing(() => {
      this.#session = session;
      this.#local = local;
    });
  }

  #changing(change: () => void): SettingChange[] {
    const before = this.mark();
    const touched = (mark: SettingsMark) => [...mark.session.keys(), ...mark.local.keys()];
    change();
    this.#version++;
    const changes: SettingChange[] = [];
    for (const name of new Set([...touched(before), ...touched(this.mark())])) {
      if (this.#valueIn(before, name) === this.#value(name)) continue;
      const definition = settingDefinition(name) ?? customDefinition(name);
      changes.push({ name, value: showSetting(definition, this.#value(name)), reported: definition.report });
    }
    return changes;
  }

  #value(name: string): string {
    return this.#valueIn({ session: this.#session, local: this.#local }, name);
  }

  #valueIn(mark: SettingsMark, name: string): string {
    const own = mark.local.get(name) ?? mark.session.get(name) ?? this.#reset.get(name);
    if (own !== undefined) return own;
    const followed = FOLLOWS[name];
    return followed === undefined ? (settingDefinition(name)?.boot ?? '') : this.#valueIn(mark, followed);
  }

  /** @returns undefined for what is neither one of ours nor made up by this session before */
  #known(name: string): SettingDefinition | undefined {
    const definition = settingDefinition(name);
    if (definition !== undefined) return definition;
    const lower = name.toLowerCase();
    const exists = [this.#session, this.#local, this.#reset].some((values) => values.has(lower));
    return exists ? customDefinition(lower) : undefined;
  }

  #definition(name: string, mayBeNew = false): SettingDefinition {
    const known = this.#known(name);
    if (known !== undefined) return known;
    if (!name.includes('.')) throw unrecognised(name);
    if (
      !/^[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*(\.[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)+$/.test(name)
    ) {
      throw new SqlensError({
        sqlState: SqlState.invalidName,
        message: `invalid configuration parameter name "${name}"`,
        detail: 'Custom parameter names must be two or more simple identifiers separated by dots.',
      });
    }
    if (/^sqlens\./i.test(name)) {
      if (!mayBeNew) throw unrecognised(name);
      throw new SqlensError({
        sqlState: SqlState.invalidName,
        message: `invalid configuration parameter name "${name}"`,
        detail: '"sqlens" is a reserved prefix.',
        hint: 'SHOW ALL lists the settings there are.',
      });
    }
    // RESET of one that was never set is nothing to complain about, says PostgreSQL.
    return customDefinition(name.toLowerCase());
  }

  #checkChangeable(definition: SettingDefinition, by: 'client' | 'startup'): void {
    const refusal = this.#refusal(definition, by);
    if (refusal === undefined) return;
    throw new SqlensError({
      sqlState:
        definition.context === 'superuser' ? SqlState.insufficientPrivilege : SqlState.cantChangeRuntimeParam,
      message: refusal,
      hint: 'It belongs to whoever starts the server.',
    });
  }

  #refusal({ name, context }: SettingDefinition, by: 'client' | 'startup'): string | undefined {
    switch (context) {
      case 'user':
        return undefined;
      case 'internal':
        return `parameter "${name}" cannot be changed`;
      case 'postmaster':
        return `parameter "${name}" cannot be changed without restarting the server`;
      case 'sighup':
        return `parameter "${name}" cannot be changed now`;
      case 'backend':
        return by === 'startup' ? undefined : `parameter "${name}" cannot be set after connection start`;
      case 'superuser-backend':
        return `parameter "${name}" cannot be set after connection start`;
      case 'superuser':
        return this.#value('is_superuser') === 'on'
          ? undefined
          : `permission denied to set parameter "${name}"`;
    }
  }

  #row(definition: SettingDefinition): SettingRow {
    const { name, type } = definition;
    const value = this.#value(name);
    const isNumber = type.vartype === 'integer' || type.vartype === 'real';
    return {
      name,
      setting: value,
      shown: showSetting(definition, value),
      unit: isNumber ? type.unit : undefined,
      category: definition.category,
      description: definition.description,
      context: definition.context,
      vartype: type.vartype,
      source:
        this.#session.has(name) || this.#local.has(name)
          ? 'session'
          : this.#reset.has(name)
            ? 'client'
            : 'default',
      min: isNumber ? String(type.min) : undefined,
      max: isNumber ? String(type.max) : undefined,
      enumvals: type.vartype === 'enum' ? type.values : undefined,
      boot: definition.boot,
      reset: this.resetValue(name),
    };
  }
}

function customDefinition(name: string): SettingDefinition {
  return {
    name,
    category: 'Customized Options',
    description: undefined,
    type: { vartype: 'string', list: false, quotes: false, normalise: undefined },
    boot: '',
    context: 'user',
    report: false,
    hidden: false,
    keptByResetAll: false,
    effect: 'none',
  };
}

function unrecognised(name: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.undefinedObject,
    message: `unrecognized configuration parameter "${name}"`,
    hint: 'SHOW ALL lists the settings there are. Those of the engine itself belong to whoever starts the server.',
  });
}

function tooMany(): SqlensError {
  return new SqlensError({
    sqlState: SqlState.configurationLimitExceeded,
    message: `a session may make up at most ${MAX_CUSTOM_SETTINGS} settings of its own`,
    hint: 'RESET ALL forgets them.',
  });
}
