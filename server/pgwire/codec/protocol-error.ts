import { SqlensError, type SqlensErrorFields, SqlState } from '../../../common/errors.ts';

/** The conversation itself is broken or refused: answered with FATAL, and the connection ends. */
export class FatalProtocolError extends SqlensError {
  constructor(fields: SqlensErrorFields) {
    super(fields);
  }
}

/** A message whose frame is sound but whose body is not: an ERROR of that message, and the session goes on. */
export function malformed(message: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.protocolViolation,
    message,
    hint: 'The client library sent a message that does not follow the PostgreSQL protocol; update or replace it.',
  });
}
