/** Which stream writes the rows of an execution. */
import { unreachable } from '../../../common/errors.ts';
import type { CatalogColumn, Execution, ResultColumn } from '../../query/api.ts';
import type { Format } from '../codec/frontend.ts';
import { CopyInStream } from '../copy/in/copy-in-stream.ts';
import { CopyOutStream } from '../copy/out/copy-out-stream.ts';
import { CatalogRowStream } from './catalog-row-stream.ts';
import { checkColumns, columnWriters } from './columns.ts';
import type { SessionContext } from './context.ts';
import { type PortalStream, RowStream } from './row-stream.ts';

/**
 * @param described the columns that the client was told of
 * @throws SqlensError 0A000 when the rows are others
 */
export function streamOf(
  { copyMessages, settings }: SessionContext,
  execution: Execution,
  described: readonly (ResultColumn | CatalogColumn)[] | undefined,
  formats: readonly Format[],
): PortalStream {
  switch (execution.kind) {
    case 'rows': {
      const { columns = [] } = execution;
      if (described !== undefined && execution.columns !== undefined)
        checkColumns(described, columns, formats);
      return new RowStream(execution, columnWriters(columns, formats, settings));
    }
    case 'catalog':
      return new CatalogRowStream(execution);
    case 'copy-out':
      return new CopyOutStream(execution, settings);
    case 'copy-in':
      return new CopyInStream(execution, copyMessages, settings);
    default:
      return unreachable(execution);
  }
}
