/** Views over what the process knows now (workers, queries, failed inputs): table functions behind `sqlens.*`. */
import {
  type DuckDBConnection,
  DuckDBTableFunction,
  type DuckDBType,
  type DuckDBValue,
} from '@duckdb/node-api';

export interface LiveColumn<Row> {
  readonly name: string;
  readonly type: DuckDBType;
  valueOf(row: Row): DuckDBValue;
}

class Snapshot<Row> {
  readonly rows: readonly Row[];
  position = 0;
  constructor(rows: readonly Row[]) {
    this.rows = rows;
  }
}

const ROWS_PER_CALL = 512;

/**
 * Registers a table function that shows a snapshot of `rows()` as of the scan's start.
 * @param name internal name; the view `sqlens.<view>` selects from it
 */
export function registerLiveView<Row>(
  connection: DuckDBConnection,
  name: string,
  columns: readonly LiveColumn<Row>[],
  rows: () => readonly Row[],
): void {
  connection.registerTableFunction(
    DuckDBTableFunction.create({
      name,
      bindFunction(bind) {
        for (const column of columns) bind.addResultColumn(column.name, column.type);
      },
      initFunction(init) {
        init.setMaxThreads(1);
        init.setInitData(new Snapshot([...rows()]));
      },
      mainFunction(info, chunk) {
        const snapshot = info.getInitData();
        if (!(snapshot instanceof Snapshot)) {
          chunk.rowCount = 0;
          return;
        }
        const page: Row[] = snapshot.rows.slice(snapshot.position, snapshot.position + ROWS_PER_CALL);
        snapshot.position += page.length;
        chunk.rowCount = page.length;
        if (page.length === 0) return;
        columns.forEach((column, at) => {
          const vector = chunk.getColumnVector(at);
          page.forEach((row, index) => {
            vector.setItem(index, column.valueOf(row));
          });
          vector.flush();
        });
      },
    }),
  );
}
