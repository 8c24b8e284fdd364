/**
 * How long a message may be, by its type. The length word is checked against these before a byte of the body is
 * kept, so that a stranger cannot make the server hold more than the message he is entitled to send.
 */

export interface CodecLimits {
  /** Query, Parse, Bind, FunctionCall and CopyData: whatever carries SQL or values. */
  readonly maxMessage_bytes: number;
}

/** PostgreSQL's MAX_STARTUP_PACKET_LENGTH. */
export const maxStartupPacket_bytes = 10_000;
/** PostgreSQL's PG_MAX_AUTH_TOKEN_LENGTH. */
export const maxPassword_bytes = 65_535;
/** PostgreSQL's PQ_SMALL_MESSAGE_LIMIT: messages that carry a name or nothing. */
const maxSmallMessage_bytes = 10_000;

/**
 * The longest body a session message of this type may have.
 *
 * @param type the message's type byte
 * @returns bytes, or undefined when a client has no such message
 */
export function maxBody_bytes(type: number, limits: CodecLimits): number | undefined {
  switch (String.fromCharCode(type)) {
    case 'Q':
    case 'P':
    case 'B':
    case 'F':
    case 'd':
      return limits.maxMessage_bytes;
    case 'D':
    case 'C':
    case 'E':
    case 'H':
    case 'S':
    case 'X':
    case 'c':
    case 'f':
      return maxSmallMessage_bytes;
    default:
      return undefined;
  }
}
