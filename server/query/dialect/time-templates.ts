/** Templates of to_char, to_date and to_timestamp (PostgreSQL manual, 9.8) as formats of DuckDB's strftime. */

/** A part of the text: a strftime format, or an expression over `t`. */
export type TemplatePart = { readonly format: string } | { readonly sql: string };

type Pattern = (isFilled: boolean) => TemplatePart;

const format =
  (filled: string, bare = filled): Pattern =>
  (isFilled) => ({ format: isFilled ? filled : bare });
const sql =
  (text: string): Pattern =>
  () => ({ sql: text });
/** Names are padded to nine characters unless FM says otherwise. */
const named =
  (code: string, change: string): Pattern =>
  (isFilled) => {
    const name = change === '' ? `strftime(t, '${code}')` : `${change}(strftime(t, '${code}'))`;
    return { sql: isFilled ? `rpad(${name}, 9, ' ')` : name };
  };
const number =
  (value: string, width: number): Pattern =>
  (isFilled) => ({ sql: isFilled ? `lpad((${value})::VARCHAR, ${width}, '0')` : `(${value})::VARCHAR` });

/** Case matters only in names; where a pattern is not here in its spelling, its upper case counts. */
const PATTERNS: Readonly<Record<string, Pattern>> = {
  YYYY: format('%Y'),
  'Y,YYY': sql(`format('{:,}', year(t))`),
  YYY: sql(`right(strftime(t, '%Y'), 3)`),
  YY: format('%y'),
  Y: sql(`right(strftime(t, '%Y'), 1)`),
  IYYY: format('%G'),
  IYY: sql(`right(strftime(t, '%G'), 3)`),
  IY: sql(`right(strftime(t, '%G'), 2)`),
  MM: format('%m', '%-m'),
  MON: sql(`upper(strftime(t, '%b'))`),
  Mon: format('%b'),
  mon: sql(`lower(strftime(t, '%b'))`),
  MONTH: named('%B', 'upper'),
  Month: named('%B', ''),
  month: named('%B', 'lower'),
  DD: format('%d', '%-d'),
  DDD: format('%j', '%-j'),
  IDDD: number('(week(t) - 1) * 7 + isodow(t)', 3),
  D: sql(`(dayofweek(t) + 1)::VARCHAR`),
  ID: format('%u'),
  DY: sql(`upper(strftime(t, '%a'))`),
  Dy: format('%a'),
  dy: sql(`lower(strftime(t, '%a'))`),
  DAY: named('%A', 'upper'),
  Day: named('%A', ''),
  day: named('%A', 'lower'),
  HH24: format('%H', '%-H'),
  HH12: format('%I', '%-I'),
  HH: format('%I', '%-I'),
  MI: format('%M', '%-M'),
  SS: format('%S', '%-S'),
  MS: format('%g'),
  US: format('%f'),
  FF3: format('%g'),
  FF6: format('%f'),
  SSSSS: sql(`(hour(t) * 3600 + minute(t) * 60 + second(t))::VARCHAR`),
  SSSS: sql(`(hour(t) * 3600 + minute(t) * 60 + second(t))::VARCHAR`),
  AM: format('%p'),
  PM: format('%p'),
  am: sql(`lower(strftime(t, '%p'))`),
  pm: sql(`lower(strftime(t, '%p'))`),
  Q: sql(`quarter(t)::VARCHAR`),
  CC: number('century(t)', 2),
  WW: number('(dayofyear(t) - 1) // 7 + 1', 2),
  W: sql(`((day(t) - 1) // 7 + 1)::VARCHAR`),
  IW: format('%V'),
  J: sql(`floor(julian(t))::BIGINT::VARCHAR`),
  TZ: format('%Z'),
  OF: format('%z'),
};

const NAMES = Object.keys(PATTERNS).sort((a, b) => b.length - a.length);

/** What those that are only printed have when they are read. */
const READ: Readonly<Record<string, string>> = {
  MON: '%b',
  mon: '%b',
  MONTH: '%B',
  Month: '%B',
  month: '%B',
  DY: '%a',
  dy: '%a',
  DAY: '%A',
  Day: '%A',
  day: '%A',
  am: '%p',
  pm: '%p',
};

/** @returns the parts to print, or the pattern that cannot be */
export function templateParts(template: string): readonly TemplatePart[] | { readonly unknown: string } {
  const parts: TemplatePart[] = [];
  const push = (part: TemplatePart) => {
    const last = parts.at(-1);
    if (last !== undefined && 'format' in last && 'format' in part) {
      parts[parts.length - 1] = { format: last.format + part.format };
    } else parts.push(part);
  };
  for (let at = 0; at < template.length; ) {
    const literal = literalAt(template, at);
    if (literal !== undefined) {
      push({ format: literal.text.replaceAll('%', '%%') });
      at = literal.end;
      continue;
    }
    const isFilled = !/^FM/i.test(template.slice(at));
    if (!isFilled) at += 2;
    const name = nameAt(template, at);
    if (name === undefined) {
      const unknown = /^[A-Za-z]+/.exec(template.slice(at))?.[0];
      if (unknown !== undefined) return { unknown };
      continue;
    }
    push(PATTERNS[name]?.(isFilled) ?? { format: '' });
    at += name.length;
    const suffix = /^th/i.exec(template.slice(at))?.[0];
    if (suffix === undefined) continue;
    if (name !== 'DD') return { unknown: `${name}${suffix}` };
    push({ sql: ordinal('day(t)', suffix === 'TH') });
    at += 2;
  }
  return parts;
}

/** @returns the strptime format that reads such texts, or the pattern that cannot be read */
export function readingFormat(template: string): { readonly format: string } | { readonly unknown: string } {
  let read = '';
  for (let at = 0; at < template.length; ) {
    const literal = literalAt(template, at);
    if (literal !== undefined) {
      read += literal.text.replaceAll('%', '%%');
      at = literal.end;
      continue;
    }
    if (/^FM/i.test(template.slice(at))) at += 2;
    const name = nameAt(template, at);
    const part = name === undefined ? undefined : PATTERNS[name]?.(true);
    const known =
      name === undefined
        ? undefined
        : (READ[name] ?? (part !== undefined && 'format' in part ? part.format : undefined));
    if (name === undefined || known === undefined) return { unknown: template.slice(at, at + 6) };
    read += known;
    at += name.length;
  }
  return { format: read };
}

function literalAt(template: string, at: number): { text: string; end: number } | undefined {
  const sign = template[at] ?? '';
  if (sign === '"') {
    const end = template.indexOf('"', at + 1);
    const close = end < 0 ? template.length : end;
    return { text: template.slice(at + 1, close), end: close + 1 };
  }
  if (sign === '\\') return { text: template[at + 1] ?? '', end: at + 2 };
  return /[A-Za-z]/.test(sign) ? undefined : { text: sign, end: at + 1 };
}

function nameAt(template: string, at: number): string | undefined {
  const exact = NAMES.find((name) => template.startsWith(name, at));
  const upper = template.slice(at, at + 5).toUpperCase();
  const folded = NAMES.find((name) => upper.startsWith(name));
  // `Month` before `MON`, and `yyyy` as YYYY: the longest that fits.
  if (exact === undefined || (folded !== undefined && folded.length > exact.length)) return folded;
  return exact;
}

function ordinal(value: string, isUpper: boolean): string {
  const suffix = `CASE WHEN ${value} % 100 IN (11, 12, 13) THEN 'th' WHEN ${value} % 10 = 1 THEN 'st'
    WHEN ${value} % 10 = 2 THEN 'nd' WHEN ${value} % 10 = 3 THEN 'rd' ELSE 'th' END`;
  return isUpper ? `upper(${suffix})` : suffix;
}
