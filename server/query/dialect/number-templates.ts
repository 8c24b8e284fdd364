/** to_char of numbers (PostgreSQL manual, 9.8): a function of ours, since DuckDB has nothing like its templates. */
import { type DuckDBConnection, DuckDBScalarFunction, VARCHAR } from '@duckdb/node-api';

/** The function behind the macro `to_char`'s rule: number as text, template. */
export const NUMBER_TO_CHAR = '__number_to_char';

export function registerNumberTemplates(connection: DuckDBConnection): void {
  connection.registerScalarFunction(
    DuckDBScalarFunction.create({
      name: NUMBER_TO_CHAR,
      parameterTypes: [VARCHAR, VARCHAR],
      returnType: VARCHAR,
      mainFunction: (_info, input, output) => {
        const numbers = input.getColumnVector(0);
        const templates = input.getColumnVector(1);
        for (let row = 0; row < input.rowCount; row++) {
          const number = numbers.getItem(row);
          const template = templates.getItem(row);
          const isText = typeof number === 'string' && typeof template === 'string';
          output.setItem(row, isText ? formatNumber(number, template) : null);
        }
        output.flush();
      },
    }),
  );
}

interface Template {
  /** Signs of the integer part: 9, 0, a comma or literal text. */
  readonly whole: readonly string[];
  readonly fraction: readonly string[];
  readonly hasPoint: boolean;
  readonly isFilled: boolean;
  readonly sign: 'implicit' | 'S-front' | 'S-back' | 'MI' | 'PL' | 'SG' | 'PR';
  readonly before: string;
  readonly behind: string;
  readonly shift: number;
  readonly isRoman: boolean;
}

const TOKEN = /"([^"]*)"|FM|MI|PL|SG|PR|RN|TH|th|EEEE|[09.,DGSLV]|[\s\S]/gi;

export function formatNumber(number: string, template: string): string {
  const parsed = parseTemplate(template);
  if (parsed.isRoman) return roman(Number(number), parsed.isFilled);
  if (!/^-?\d/.test(number) && !/^-?\./.test(number)) return overflow(parsed, number.startsWith('-'));
  const plain = plainDigits(number);
  const digits = roundTo(parsed.shift > 0 ? shiftPoint(plain, parsed.shift) : plain, parsed.fraction.length);
  const isNegative = digits.startsWith('-');
  const [whole = '', fraction = ''] = digits.replace('-', '').split('.');
  const places = parsed.whole.filter((sign) => sign === '9' || sign === '0').length;
  const significant = whole.replace(/^0+/, '');
  if (significant.length > places) return overflow(parsed, isNegative);
  return layOut(parsed, significant, fraction, isNegative, places);
}

function layOut(
  template: Template,
  significant: string,
  fraction: string,
  isNegative: boolean,
  places: number,
): string {
  const firstZero = template.whole.filter((sign) => sign === '9' || sign === '0').indexOf('0');
  const shown = Math.max(significant.length, firstZero < 0 ? 0 : places - firstZero);
  const padded = significant.padStart(places, '0');
  let text = '';
  let place = 0;
  for (const sign of template.whole) {
    const isShown = places - place <= shown;
    if (sign === '9' || sign === '0') {
      text += isShown ? (padded[place] ?? '0') : ' ';
      place++;
    } else if (sign === ',') text += places - place < shown ? ',' : ' ';
    else text += sign;
  }
  // Nothing before the point: PostgreSQL prints a zero only where the template asks for one, or is all there is.
  if (shown === 0 && !template.hasPoint) text = text.replace(/ $/, '0');
  if (template.hasPoint) {
    const wanted = template.fraction.filter((sign) => sign === '9' || sign === '0').length;
    let decimals = fraction.padEnd(wanted, '0').slice(0, wanted);
    if (!template.isFilled) {
      const kept = template.fraction.lastIndexOf('0') + 1;
      while (decimals.length > kept && decimals.endsWith('0')) decimals = decimals.slice(0, -1);
    }
    text += `.${decimals}`;
  }
  return withSign(template, text, isNegative);
}

function withSign(template: Template, text: string, isNegative: boolean): string {
  const digits = text.trimStart();
  const blanks = ' '.repeat(text.length - digits.length);
  const signed = (sign: string) => blanks + sign + digits;
  let result: string;
  switch (template.sign) {
    case 'implicit':
      result = signed(isNegative ? '-' : ' ');
      break;
    case 'S-front':
      result = signed(isNegative ? '-' : '+');
      break;
    case 'S-back':
      result = text + (isNegative ? '-' : '+');
      break;
    case 'MI':
      result = text + (isNegative ? '-' : ' ');
      break;
    case 'PL':
      result = signed(isNegative ? '-' : ' ') + (isNegative ? ' ' : '+');
      break;
    case 'SG':
      result = (isNegative ? '-' : '+') + text;
      break;
    case 'PR':
      result = isNegative ? `${blanks}<${digits}>` : `${blanks} ${digits} `;
      break;
  }
  result = template.before + result + template.behind;
  return template.isFilled ? result : result.replace(/^ +/, '').replace(/ +$/, '');
}

function overflow(template: Template, isNegative: boolean): string {
  const hashes = template.whole.map((sign) => (sign === '9' || sign === '0' ? '#' : sign)).join('');
  const fraction = template.hasPoint ? `.${'#'.repeat(template.fraction.length)}` : '';
  return withSign(template, hashes + fraction, isNegative);
}

function parseTemplate(template: string): Template {
  const whole: string[] = [];
  const fraction: string[] = [];
  let hasPoint = false;
  let isFilled = true;
  let sign: Template['sign'] = 'implicit';
  let before = '';
  let behind = '';
  let shift = 0;
  let isRoman = false;
  let isShifted = false;
  for (const [token, quoted] of template.matchAll(TOKEN)) {
    const name = token.toUpperCase();
    const hasDigits = whole.length > 0 || hasPoint;
    if (name === 'FM') isFilled = false;
    else if (name === 'RN') isRoman = true;
    else if (name === 'MI' || name === 'PL' || name === 'SG' || name === 'PR') sign = name;
    else if (name === 'S') sign = hasDigits ? 'S-back' : 'S-front';
    else if (name === '.' || name === 'D') hasPoint = true;
    else if (name === 'V') isShifted = true;
    else if (name === '9' || name === '0') {
      if (isShifted) shift++;
      (hasPoint ? fraction : whole).push(name);
    } else if (name === ',' || name === 'G') whole.push(',');
    else if (name === 'L') {
      if (hasDigits) behind += ' ';
      else before += ' ';
    } else if (name !== 'TH' && name !== 'EEEE') {
      const text = quoted ?? token;
      if (hasDigits) behind += text;
      else before += text;
    }
  }
  return { whole, fraction, hasPoint, isFilled, sign, before, behind, shift, isRoman };
}

/** Without an exponent. */
function plainDigits(number: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d*)\.?(\d*)(?:[eE]([-+]?\d+))?$/.exec(number) ?? [];
  const power = Math.max(-400, Math.min(400, Number(exponent)));
  const digits = whole + fraction;
  const point = whole.length + power;
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  const padded = digits.padEnd(point, '0');
  return `${sign}${padded.slice(0, point)}.${padded.slice(point)}`;
}

function shiftPoint(number: string, places: number): string {
  const [whole = '', fraction = ''] = number.split('.');
  const padded = fraction.padEnd(places, '0');
  return `${whole}${padded.slice(0, places)}.${padded.slice(places)}`;
}

/** Half away from zero, as numeric rounds. */
function roundTo(number: string, places: number): string {
  const isNegative = number.startsWith('-');
  const [whole = '0', fraction = ''] = number.replace('-', '').split('.');
  const kept = BigInt(whole + fraction.padEnd(places, '0').slice(0, places) || '0');
  const isUp = (fraction[places] ?? '0') >= '5';
  const rounded = String(isUp ? kept + 1n : kept).padStart(places + 1, '0');
  const point = rounded.length - places;
  const isZero = /^0*$/.test(rounded);
  const text = places === 0 ? rounded : `${rounded.slice(0, point)}.${rounded.slice(point)}`;
  return isNegative && !isZero ? `-${text}` : text;
}

const ROMAN: readonly (readonly [value: number, text: string])[] = [
  [1000, 'M'],
  [900, 'CM'],
  [500, 'D'],
  [400, 'CD'],
  [100, 'C'],
  [90, 'XC'],
  [50, 'L'],
  [40, 'XL'],
  [10, 'X'],
  [9, 'IX'],
  [5, 'V'],
  [4, 'IV'],
  [1, 'I'],
];

function roman(number: number, isFilled: boolean): string {
  let rest = Math.round(number);
  if (!(rest >= 1 && rest <= 3999)) return '#'.repeat(15);
  let text = '';
  for (const [value, letters] of ROMAN) {
    while (rest >= value) {
      text += letters;
      rest -= value;
    }
  }
  return isFilled ? text.padStart(15) : text;
}
