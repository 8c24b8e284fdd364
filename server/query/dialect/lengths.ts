/** length of bytea and octet_length of text, which DuckDB has for the other type only. */
import {
  BIGINT,
  BLOB,
  DuckDBBlobValue,
  type DuckDBConnection,
  DuckDBScalarFunction,
  VARCHAR,
} from '@duckdb/node-api';

export function registerLengths(connection: DuckDBConnection): void {
  for (const { name, type } of [
    { name: 'length', type: BLOB },
    { name: 'octet_length', type: VARCHAR },
  ]) {
    connection.registerScalarFunction(
      DuckDBScalarFunction.create({
        name,
        parameterTypes: [type],
        returnType: BIGINT,
        mainFunction: (_info, input, output) => {
          const values = input.getColumnVector(0);
          for (let row = 0; row < input.rowCount; row++) output.setItem(row, byteLength(values.getItem(row)));
          output.flush();
        },
      }),
    );
  }
}

function byteLength(value: unknown): bigint | null {
  if (value instanceof DuckDBBlobValue) return BigInt(value.bytes.length);
  return typeof value === 'string' ? BigInt(Buffer.byteLength(value)) : null;
}
