import { messageOf, SqlensError, SqlState } from '../../common/errors.ts';

/** The input is not an image that can be decoded (22000). `message` says what is wrong with it. */
export function badImage(message: string, fields: { hint?: string; cause?: unknown } = {}): SqlensError {
  return new SqlensError({ sqlState: SqlState.dataException, message, ...fields });
}

/** The image is sound but larger than this process is willing to decode (54000). */
export function tooLarge(message: string, hint: string): SqlensError {
  return new SqlensError({ sqlState: SqlState.programLimitExceeded, message, hint });
}

/** First line of a library's message, without the name of the C function that wrote it. */
export function libraryMessage(error: unknown): string {
  const line = messageOf(error).split('\n')[0] ?? '';
  return line.replace(/^Decode (?:\w+ )?image failed /, '').slice(0, 200);
}
