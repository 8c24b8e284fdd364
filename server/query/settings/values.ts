/**
 * Values of settings as text: read in any unit and written in the setting's own (what `pg_settings` and the server
 * use), and shown in the largest unit that divides them (what SHOW says). Messages are PostgreSQL's.
 */
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { Normalised, SettingDefinition, SettingUnit } from './definition.ts';
import { ON_OFF } from './definition.ts';

/** Size of each unit in the smallest one of its kind: bytes, or microseconds. */
const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1024,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
  TB: 1024 ** 4,
};
const MICROSECONDS: Readonly<Record<string, number>> = {
  us: 1,
  ms: 1e3,
  s: 1e6,
  min: 60e6,
  h: 3600e6,
  d: 86_400e6,
};

const BASE: Readonly<
  Record<SettingUnit, { readonly units: Readonly<Record<string, number>>; readonly size: number }>
> = {
  B: { units: BYTES, size: 1 },
  kB: { units: BYTES, size: 1024 },
  '8kB': { units: BYTES, size: 8192 },
  MB: { units: BYTES, size: 1024 ** 2 },
  ms: { units: MICROSECONDS, size: 1e3 },
  s: { units: MICROSECONDS, size: 1e6 },
  min: { units: MICROSECONDS, size: 60e6 },
};

const TIME_HINT = 'Valid units for this parameter are "us", "ms", "s", "min", "h", and "d".';
const SIZE_HINT = 'Valid units for this parameter are "B", "kB", "MB", "GB", and "TB".';

/**
 * @param current the value it has now, which DateStyle keeps parts of
 * @returns the value in the setting's own unit
 * @throws 22023 (0A000 for what PostgreSQL has and we have not) in PostgreSQL's words
 */
export function parseSetting(definition: SettingDefinition, value: string, current: string): string {
  const { type } = definition;
  switch (type.vartype) {
    case 'bool':
      return parseBoolean(definition.name, value);
    case 'enum': {
      const word = value.toLowerCase();
      const found = type.values.find((known) => known === word) ?? type.hidden[word];
      if (found !== undefined) return found;
      throw invalid(definition, value, { ok: false, hint: `Available values: ${type.values.join(', ')}.` });
    }
    case 'integer':
    case 'real':
      return parseNumber(definition, type, value);
    case 'string': {
      const normalised = type.normalise?.(value, current) ?? { ok: true, value };
      if (normalised.ok) return normalised.value;
      throw invalid(definition, value, normalised);
    }
  }
}

/** What SHOW says for a value in the setting's own unit. */
export function showSetting({ type }: SettingDefinition, value: string): string {
  if (type.vartype !== 'integer' && type.vartype !== 'real') return value;
  const number = Number(value);
  if (type.unit === undefined || number <= 0) return value;
  const { units, size } = BASE[type.unit];
  const amount = number * size;
  const best = Object.entries(units)
    .reverse()
    .find(([, unitSize]) => amount % unitSize === 0);
  return best === undefined ? `${value}${type.unit}` : `${amount / best[1]}${best[0]}`;
}

function parseBoolean(name: string, value: string): string {
  const word = value.trim().toLowerCase();
  if (word !== '') {
    // Prefixes will do where they are not ambiguous: "o" is.
    for (const full of ['true', 'yes', 'false', 'no']) {
      if (full.startsWith(word)) return ON_OFF[full] ?? 'off';
    }
    if (word === 'on' || word === '1') return 'on';
    if (word === 'off' || word === 'of' || word === '0') return 'off';
  }
  throw new SqlensError({
    sqlState: SqlState.invalidParameterValue,
    message: `parameter "${name}" requires a Boolean value`,
  });
}

const NUMBER = /^\s*([+-]?(?:0[xX][\da-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))\s*([A-Za-z]*)\s*$/;

function parseNumber(
  definition: SettingDefinition,
  type: Extract<SettingDefinition['type'], { vartype: 'integer' | 'real' }>,
  value: string,
): string {
  const [, digits, unit = ''] = NUMBER.exec(value) ?? [];
  if (digits === undefined) throw invalid(definition, value, { ok: false });
  let number = asNumber(digits);
  if (unit !== '') {
    const base = type.unit === undefined ? undefined : BASE[type.unit];
    const size = base?.units[unit];
    if (base === undefined || size === undefined) {
      const hint = base === undefined ? undefined : base.units === BYTES ? SIZE_HINT : TIME_HINT;
      throw invalid(definition, value, { ok: false, hint });
    }
    number = (number * size) / base.size;
  }
  if (!Number.isFinite(number)) throw invalid(definition, value, { ok: false });
  if (type.vartype === 'integer') {
    number = roundToEven(number);
    if (number > 2_147_483_647 || number < -2_147_483_648) {
      throw invalid(definition, value, { ok: false, hint: 'Value exceeds integer range.' });
    }
  }
  if (number < type.min || number > type.max) {
    const shown = type.unit === undefined ? shortNumber(number) : `${shortNumber(number)} ${type.unit}`;
    throw new SqlensError({
      sqlState: SqlState.invalidParameterValue,
      message: `${shown} is outside the valid range for parameter "${definition.name}" (${shortNumber(type.min)} .. ${shortNumber(type.max)})`,
    });
  }
  return String(number);
}

function asNumber(digits: string): number {
  const negative = digits.startsWith('-');
  const unsigned = digits.replace(/^[+-]/, '');
  // C reads a leading zero as octal.
  const number = /^0[0-7]+$/.test(unsigned) ? Number.parseInt(unsigned, 8) : Number(unsigned);
  return negative ? -number : number;
}

function roundToEven(number: number): number {
  const floor = Math.floor(number);
  if (number - floor !== 0.5) return Math.round(number);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** As C's %g writes it. */
function shortNumber(number: number): string {
  if (Number.isInteger(number) && Math.abs(number) < 1e15) return String(number);
  return number.toPrecision(6).replace(/\.?0+($|e)/, '$1');
}

function invalid(
  { name }: SettingDefinition,
  value: string,
  { detail, hint, unsupported }: Extract<Normalised, { ok: false }>,
): SqlensError {
  return new SqlensError({
    sqlState: unsupported ? SqlState.featureNotSupported : SqlState.invalidParameterValue,
    message: `invalid value for parameter "${name}": "${value}"`,
    detail,
    hint,
  });
}
