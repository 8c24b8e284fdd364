/**
 * `interval / number` for the macro of `/`, which divides by `//`: DuckDB has that for numbers only, and a macro with
 * a typed overload for intervals would be chosen for aggregates, whose type is not known when it is.
 */
import {
  DOUBLE,
  type DuckDBConnection,
  DuckDBIntervalValue,
  DuckDBScalarFunction,
  INTERVAL,
} from '@duckdb/node-api';

const DAYS_PER_MONTH = 30;
const MICROS_PER_DAY = 86_400_000_000;

export function registerIntervalDivision(connection: DuckDBConnection): void {
  connection.registerScalarFunction(
    DuckDBScalarFunction.create({
      name: '//',
      parameterTypes: [INTERVAL, DOUBLE],
      returnType: INTERVAL,
      mainFunction: (_info, input, output) => {
        const intervals = input.getColumnVector(0);
        const divisors = input.getColumnVector(1);
        for (let row = 0; row < input.rowCount; row++) {
          const interval = intervals.getItem(row);
          const divisor = divisors.getItem(row);
          const isValue =
            interval instanceof DuckDBIntervalValue && typeof divisor === 'number' && divisor !== 0;
          output.setItem(row, isValue ? divideInterval(interval, divisor) : null);
        }
        output.flush();
      },
    }),
  );
}

/** What does not divide goes on in the next smaller unit, as in PostgreSQL's interval_div. */
export function divideInterval(interval: DuckDBIntervalValue, divisor: number): DuckDBIntervalValue {
  const months = Math.trunc(interval.months / divisor);
  const restOfMonths = (interval.months / divisor - months) * DAYS_PER_MONTH;
  const days = Math.trunc(interval.days / divisor) + Math.trunc(restOfMonths);
  const restOfDays = interval.days / divisor - Math.trunc(interval.days / divisor) + (restOfMonths % 1);
  const micros = Math.round(Number(interval.micros) / divisor + restOfDays * MICROS_PER_DAY);
  return new DuckDBIntervalValue(months, days, BigInt(micros));
}
