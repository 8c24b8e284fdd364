/** Errors of a statement inside a statement, with positions that count in the outer one. */
import { SqlensError } from '../../../common/errors.ts';

/** @param offset where the inner text begins in the outer one, in characters; undefined when it stands nowhere there */
export async function shifted<T>(offset: number | undefined, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof SqlensError) || error.position === undefined) throw error;
    const { sqlState, message, hint, detail, position } = error;
    throw new SqlensError({
      sqlState,
      message,
      hint,
      detail,
      position: offset === undefined ? undefined : position + offset,
      cause: error,
    });
  }
}
