/**
 * `@>` and `<@` between JSON values (PostgreSQL manual, 8.14.3). DuckDB has the operators for lists; these stand
 * beside them for JSON, which is text to DuckDB.
 */
import { BOOLEAN, type DuckDBConnection, DuckDBScalarFunction, VARCHAR } from '@duckdb/node-api';
import { isLosslessNumber, parse } from 'lossless-json';

export function registerJsonContainment(connection: DuckDBConnection): void {
  for (const [name, isReversed] of [
    ['@>', false],
    ['<@', true],
  ] as const) {
    connection.registerScalarFunction(
      DuckDBScalarFunction.create({
        name,
        parameterTypes: [VARCHAR, VARCHAR],
        returnType: BOOLEAN,
        mainFunction: (_info, input, output) => {
          const left = input.getColumnVector(isReversed ? 1 : 0);
          const right = input.getColumnVector(isReversed ? 0 : 1);
          for (let row = 0; row < input.rowCount; row++) {
            const whole = left.getItem(row);
            const part = right.getItem(row);
            const areTexts = typeof whole === 'string' && typeof part === 'string';
            output.setItem(row, areTexts ? jsonContains(parse(whole), parse(part)) : null);
          }
          output.flush();
        },
      }),
    );
  }
}

/** Every member of `part` is in `whole`; an array also contains a scalar that is one of its elements. */
export function jsonContains(whole: unknown, part: unknown, isTop = true): boolean {
  if (Array.isArray(whole)) {
    if (Array.isArray(part)) return part.every((item) => whole.some((own) => jsonContains(own, item, false)));
    return isTop && !isObject(part) && whole.some((own) => isSame(own, part));
  }
  if (Array.isArray(part)) return false;
  if (isObject(whole) && isObject(part)) {
    const own = new Map(Object.entries(whole));
    return Object.entries(part).every(
      ([key, value]) => own.has(key) && jsonContains(own.get(key), value, false),
    );
  }
  return isSame(whole, part);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isLosslessNumber(value);
}

function isSame(a: unknown, b: unknown): boolean {
  if (isLosslessNumber(a) && isLosslessNumber(b)) return Number(a.value) === Number(b.value);
  return a === b;
}
