/** Values that are more than a number or a word: how PostgreSQL writes them, or why it refuses them. */
import type { Normalised } from './definition.ts';

const valid = (value: string): Normalised => ({ ok: true, value });

/** What is not printable ASCII as PostgreSQL 16 writes it: the log is read in any encoding. */
export function normaliseApplicationName(value: string): Normalised {
  const bytes = [...Buffer.from(value)];
  const shown = bytes.map((byte) =>
    byte < 0x20 || byte > 0x7e ? `\\x${byte.toString(16).padStart(2, '0')}` : String.fromCharCode(byte),
  );
  return valid(shown.join(''));
}

/** Encodings that PostgreSQL knows: to name one of them is no mistake, to expect it here is. */
const OTHER_ENCODING =
  /^(euc(jp|cn|kr|tw|jis2004)|latin\d+|iso8859\d*|koi8[ru]?|win(dows)?\d+|alt|win|abc|tcvn\d*|vscii|sjis|shiftjis(2004)?|mskanji|big5|gbk|gb18030|uhc|johab|muleinternal)$/;

/** @returns UTF8 however it is spelled */
export function normaliseClientEncoding(value: string): Normalised {
  const name = value.toLowerCase().replace(/[^a-z0-9]/g, '');
  if (name === 'utf8' || name === 'unicode') return valid('UTF8');
  // It means that nothing is to be converted.
  if (name === 'sqlascii') return valid('SQL_ASCII');
  if (!OTHER_ENCODING.test(name)) return { ok: false };
  return {
    ok: false,
    unsupported: true,
    detail: `Conversion between ${value.toUpperCase()} and UTF8 is not supported.`,
    hint: 'UTF8 is the only encoding there is.',
  };
}

const STYLES: Readonly<Record<string, string>> = {
  iso: 'ISO',
  sql: 'SQL',
  postgres: 'Postgres',
  german: 'German',
};

const ORDERS: Readonly<Record<string, string>> = {
  mdy: 'MDY',
  us: 'MDY',
  noneuropean: 'MDY',
  dmy: 'DMY',
  euro: 'DMY',
  european: 'DMY',
  ymd: 'YMD',
};

/** "style, order" from either or both of them; the other one stays as it is. Dates are always written in ISO style. */
export function normaliseDateStyle(value: string, current: string): Normalised {
  let [style = 'ISO', order = 'MDY'] = current.split(', ');
  const given = { style: '', order: '' };
  for (const part of value.split(',')) {
    const word = part.trim().replace(/^"(.*)"$/, '$1');
    const key = word.toLowerCase();
    const [what, found] =
      key === 'default'
        ? (['', ''] as const)
        : STYLES[key] !== undefined
          ? (['style', STYLES[key]] as const)
          : (['order', ORDERS[key]] as const);
    if (what === '') {
      if (given.style === '') style = 'ISO';
      if (given.order === '') order = 'MDY';
      continue;
    }
    if (found === undefined) return { ok: false, detail: `Unrecognized key word: "${word}".` };
    if (given[what] !== '' && given[what] !== found) {
      return { ok: false, detail: 'Conflicting "datestyle" specifications.' };
    }
    given[what] = found;
  }
  if (given.style !== '') style = given.style;
  if (given.order !== '') order = given.order;
  else if (given.style === 'German') order = 'DMY';
  if (style === 'ISO') return valid(`ISO, ${order}`);
  return {
    ok: false,
    unsupported: true,
    detail: 'Dates and times are always written in ISO style.',
    hint: 'SET DateStyle = ISO; write dates in another style with strftime().',
  };
}

/** Names as the time zone database spells them, by lower-case name. */
let zoneNames: Map<string, string> | undefined;

/**
 * A time zone by its name in any case, by its offset in hours east of Greenwich, or as POSIX writes it (hours west).
 * Offsets become the zone that stands for them (`Etc/GMT+8` is eight hours west), which the engine and clients know
 * alike; PostgreSQL would say `<-08>+08`.
 */
export function normaliseTimeZone(value: string): Normalised {
  const text = value.trim();
  if (/^[+-]?\d+(\.\d+)?$/.test(text)) return offsetZone(Number(text));
  const interval = /^interval\s*'\s*([+-]?)(\d{1,2}):(\d\d)(?::00)?'$/i.exec(text);
  if (interval !== null) {
    const hours = Number(interval[2]) + Number(interval[3]) / 60;
    return offsetZone(interval[1] === '-' ? -hours : hours);
  }
  if (/^interval/i.test(text)) return { ok: false };
  const posix = /^(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)([+-]?)(\d{1,2})(?::?00)?$/.exec(text);
  if (posix !== null && !isZone(text)) {
    const west = Number(posix[2]);
    return offsetZone(posix[1] === '-' ? west : -west);
  }
  if (!isZone(text)) return { ok: false };
  zoneNames ??= new Map(
    [
      ...Intl.supportedValuesOf('timeZone'),
      'UTC',
      'GMT',
      'Etc/UTC',
      'Etc/GMT',
      'EST5EDT',
      'CST6CDT',
      'MST7MDT',
      'PST8PDT',
      'EST',
      'MST',
      'HST',
      'CET',
      'EET',
      'MET',
      'WET',
      'Zulu',
      'Universal',
    ].map((zone) => [zone.toLowerCase(), zone]),
  );
  return valid(zoneNames.get(text.toLowerCase()) ?? capitalised(text));
}

function offsetZone(hours_east: number): Normalised {
  if (Math.abs(hours_east) > 167) return { ok: false, detail: 'UTC timezone offset is out of range.' };
  if (hours_east === 0) return valid('Etc/GMT');
  const name = `Etc/GMT${hours_east > 0 ? '-' : '+'}${Math.abs(hours_east)}`;
  if (Number.isInteger(hours_east) && isZone(name)) return valid(name);
  return { ok: false, unsupported: true, hint: "Name the zone, as in SET TIME ZONE 'Asia/Kolkata'." };
}

function isZone(name: string): boolean {
  // Bare offsets are read by some versions of the runtime and mean nothing to the engine.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** "america/buenos_aires" is an alias that the runtime does not list. */
function capitalised(name: string): string {
  return name === name.toLowerCase()
    ? name.replace(/(^|[/_-])([a-z])/g, (_, before: string, letter: string) => before + letter.toUpperCase())
    : name;
}
