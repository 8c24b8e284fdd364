import { SqlensError, SqlState } from '../../../common/errors.ts';
import { utf8 } from '../codec/body-reader.ts';

/** The text of a parameter: UTF-8 without zero bytes, as PostgreSQL demands; else 22021. */
export function parameterText(bytes: Buffer): string {
  if (bytes.includes(0)) {
    throw new SqlensError({
      sqlState: SqlState.characterNotInRepertoire,
      message: 'invalid byte sequence for encoding "UTF8": 0x00',
      hint: 'Text cannot hold zero bytes; send binary data as bytea.',
    });
  }
  return utf8(bytes);
}
