/** What a setting (GUC) is: its type, who may change it, and what `pg_settings` says of it. */

/** Who may change a setting, and when, in PostgreSQL's words (`pg_settings.context`). */
export type SettingContext =
  | 'internal'
  | 'postmaster'
  | 'sighup'
  | 'superuser-backend'
  | 'backend'
  | 'superuser'
  | 'user';

/** What a number counts; '8kB' is a disk page. */
export type SettingUnit = 'B' | 'kB' | '8kB' | 'MB' | 'ms' | 's' | 'min';

export type Normalised =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly detail?: string; readonly hint?: string; readonly unsupported?: true };

export type SettingType =
  | { readonly vartype: 'bool' }
  | {
      readonly vartype: 'integer' | 'real';
      readonly min: number;
      readonly max: number;
      readonly unit: SettingUnit | undefined;
    }
  /** `hidden` spellings are accepted as one of `values`, and not listed. */
  | {
      readonly vartype: 'enum';
      readonly values: readonly string[];
      readonly hidden: Readonly<Record<string, string>>;
    }
  /**
   * `list`: SET may write each of its words by itself. `quotes`: they are names, which are quoted where they need it.
   */
  | {
      readonly vartype: 'string';
      readonly list: boolean;
      readonly quotes: boolean;
      readonly normalise: ((value: string, current: string) => Normalised) | undefined;
    };

export interface SettingDefinition {
  readonly name: string;
  readonly category: string;
  /** Of ours alone: PostgreSQL describes its own in the catalog. */
  readonly description: string | undefined;
  readonly type: SettingType;
  /** In the unit of the type, as `pg_settings.boot_val` has it. */
  readonly boot: string;
  readonly context: SettingContext;
  /** Told to the client by ParameterStatus, at start and when it changes. */
  readonly report: boolean;
  /** Left out of SHOW ALL and pg_settings, as PostgreSQL does with what belongs to one transaction. */
  readonly hidden: boolean;
  /** RESET ALL leaves it as it is. */
  readonly keptByResetAll: boolean;
  /** Whether it changes what the server does; the others are accepted because clients send them. */
  readonly effect: 'none' | 'session';
}

type Extra = Partial<
  Pick<SettingDefinition, 'context' | 'description' | 'report' | 'hidden' | 'keptByResetAll' | 'effect'>
>;

interface NumberExtra extends Extra {
  readonly unit?: SettingUnit;
}

interface EnumExtra extends Extra {
  readonly also?: Readonly<Record<string, string>>;
}

interface TextExtra extends Extra {
  readonly list?: true;
  readonly quotes?: true;
  readonly normalise?: (value: string, current: string) => Normalised;
}

/** Spellings of a Boolean that enumerations with "on" and "off" among their values take as well. */
export const ON_OFF: Readonly<Record<string, string>> = {
  true: 'on',
  yes: 'on',
  1: 'on',
  false: 'off',
  no: 'off',
  0: 'off',
};

/** Makes definitions of one category; context is `user` and effect `none` unless told otherwise. */
export function category(name: string) {
  const define = (setting: string, boot: string, type: SettingType, extra: Extra): SettingDefinition => ({
    name: setting,
    category: name,
    description: extra.description,
    type,
    boot,
    context: extra.context ?? 'user',
    report: extra.report ?? false,
    hidden: extra.hidden ?? false,
    keptByResetAll: extra.keptByResetAll ?? false,
    effect: extra.effect ?? 'none',
  });
  return {
    bool: (setting: string, boot: 'on' | 'off', extra: Extra = {}) =>
      define(setting, boot, { vartype: 'bool' }, extra),
    int: (setting: string, boot: number, [min, max]: readonly [number, number], extra: NumberExtra = {}) =>
      define(setting, String(boot), { vartype: 'integer', min, max, unit: extra.unit }, extra),
    real: (setting: string, boot: number, [min, max]: readonly [number, number], extra: NumberExtra = {}) =>
      define(setting, String(boot), { vartype: 'real', min, max, unit: extra.unit }, extra),
    oneOf: (setting: string, boot: string, values: readonly string[], extra: EnumExtra = {}) =>
      define(setting, boot, { vartype: 'enum', values, hidden: extra.also ?? {} }, extra),
    text: (setting: string, boot: string, extra: TextExtra = {}) =>
      define(
        setting,
        boot,
        {
          vartype: 'string',
          list: extra.list ?? false,
          quotes: extra.quotes ?? false,
          normalise: extra.normalise,
        },
        extra,
      ),
  };
}
