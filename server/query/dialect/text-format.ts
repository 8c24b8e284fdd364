/** format() with PostgreSQL's %s, %I and %L (manual, 9.4.1), beside DuckDB's own, whose patterns are {}. */
import { type DuckDBConnection, DuckDBScalarFunction, VARCHAR } from '@duckdb/node-api';
import { quoteIdentifier, quoteLiteral } from '../text/tokens.ts';

/** What the rule calls; a name that sessions may write. */
export const TEXT_FORMAT = 'sqlens_format';

const SPECIFIER = /%(?:%|(?:(\d+)\$)?(-)?(\d+)?([sIL]))/g;

export function registerTextFormat(connection: DuckDBConnection): void {
  connection.registerScalarFunction(
    DuckDBScalarFunction.create({
      name: TEXT_FORMAT,
      varArgsType: VARCHAR,
      returnType: VARCHAR,
      specialHandling: true,
      mainFunction: (_info, input, output) => {
        const columns = Array.from({ length: input.columnCount }, (_, at) => input.getColumnVector(at));
        for (let row = 0; row < input.rowCount; row++) {
          const [template, ...values] = columns.map((column) => {
            const value = column.getItem(row);
            return typeof value === 'string' ? value : null;
          });
          output.setItem(row, typeof template === 'string' ? formatText(template, values) : null);
        }
        output.flush();
      },
    }),
  );
}

/** Whether a template is PostgreSQL's: DuckDB's own keep their meaning. */
export function isTextFormat(template: string): boolean {
  return !/[{}]/.test(template) && /%(?:%|(?:\d+\$)?-?\d*[sIL])/.test(template);
}

export function formatText(template: string, values: readonly (string | null)[]): string {
  let next = 0;
  return template.replace(
    SPECIFIER,
    (whole, position?: string, minus?: string, width?: string, kind?: string) => {
      if (whole === '%%') return '%';
      const at = position === undefined ? next : Number(position) - 1;
      next = at + 1;
      if (at >= values.length) throw new Error('too few arguments for format()');
      const value = values[at] ?? null;
      const text = written(value, kind ?? 's');
      return minus === undefined ? text.padStart(Number(width ?? 0)) : text.padEnd(Number(width ?? 0));
    },
  );
}

function written(value: string | null, kind: string): string {
  if (kind === 'L') return value === null ? 'NULL' : quoteLiteral(value);
  if (kind === 's') return value ?? '';
  if (value === null) throw new Error('null values cannot be formatted as an SQL identifier');
  return /^[a-z_][a-z0-9_$]*$/.test(value) ? value : quoteIdentifier(value);
}
