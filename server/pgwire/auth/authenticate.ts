/** The authentication dialogue: SASL messages around a SCRAM exchange. */
import { SqlState } from '../../../common/errors.ts';
import type { Role } from '../../query/api.ts';
import { BodyReader, utf8 } from '../codec/body-reader.ts';
import { FatalProtocolError } from '../codec/protocol-error.ts';
import type { Input } from '../input.ts';
import { ClientGone, type Output } from '../output.ts';
import type { Credentials } from './credentials.ts';
import type { LoginAttempt, LoginAttempts } from './login-attempts.ts';
import { ScramExchange, type ScramMechanism, scramMechanism, scramPlusMechanism } from './scram.ts';

export interface Door {
  /** Undefined: everyone is trusted. */
  readonly credentials: Credentials | undefined;
  readonly attempts: LoginAttempts;
}

export interface Visitor {
  readonly user: string;
  readonly remoteAddress: string;
  /** The hash of our certificate when the connection is encrypted and can be bound to it. */
  readonly endPoint: Buffer | undefined;
}

/**
 * Lets the client prove that it knows its user's password; without credentials everyone is trusted, as an admin.
 * @returns what the user may do
 * @throws FatalProtocolError 28P01 for a wrong password or an unknown user, 53300 after too many of them, 08P01 for a
 *   broken dialogue, 28000 where channel binding shows someone in between
 */
export async function authenticate(
  visitor: Visitor,
  door: Door,
  input: Input,
  output: Output,
): Promise<Role> {
  const { credentials, attempts } = door;
  let role: Role = 'admin';
  if (credentials !== undefined) {
    const attempt = attempts.begin(visitor.remoteAddress, visitor.user);
    try {
      role = await exchange(visitor, credentials, attempt, input, output);
    } finally {
      attempt.end();
    }
  }
  output.send({ kind: 'authenticationOk' });
  return role;
}

async function exchange(
  { user, endPoint }: Visitor,
  credentials: Credentials,
  attempt: LoginAttempt,
  input: Input,
  output: Output,
): Promise<Role> {
  input.framer.phase = 'authentication';
  const mechanisms = endPoint === undefined ? [scramMechanism] : [scramPlusMechanism, scramMechanism];
  output.send({ kind: 'authenticationSasl', mechanisms });
  await output.flush();
  const { secret, role } = credentials.find(user);
  const { mechanism, text } = initialResponse(await answer(input), endPoint !== undefined);
  const scram = new ScramExchange(secret, { mechanism, endPoint });
  const challenge = scram.first(text ?? (await askFirst(input, output)));
  output.send({ kind: 'authenticationSaslContinue', data: challenge });
  await output.flush();
  const verification = scram.final(utf8(await answer(input)));
  if (verification === undefined || role === undefined) {
    attempt.failed();
    throw new FatalProtocolError({
      sqlState: SqlState.invalidPassword,
      message: `password authentication failed for user "${user}"`,
      hint: 'Check the user name and the password.',
    });
  }
  attempt.succeeded();
  output.send({ kind: 'authenticationSaslFinal', data: verification });
  return role;
}

async function answer(input: Input): Promise<Buffer> {
  const frame = await input.next();
  if (frame === undefined) throw new ClientGone();
  return frame.body;
}

/** A client may choose its mechanism without saying anything yet: then it is asked by an empty challenge. */
async function askFirst(input: Input, output: Output): Promise<string> {
  output.send({ kind: 'authenticationSaslContinue', data: '' });
  await output.flush();
  return utf8(await answer(input));
}

/** SASLInitialResponse: the mechanism's name, then a length and the first message. */
function initialResponse(
  body: Buffer,
  offersPlus: boolean,
): { mechanism: ScramMechanism; text: string | undefined } {
  const reader = new BodyReader(body);
  const mechanism = reader.cstring();
  if (mechanism !== scramMechanism && !(offersPlus && mechanism === scramPlusMechanism)) {
    throw new FatalProtocolError({
      sqlState: SqlState.protocolViolation,
      message: 'client selected an invalid SASL authentication mechanism',
      hint: `This server offers ${scramMechanism}${offersPlus ? ` and ${scramPlusMechanism}` : ''}.`,
    });
  }
  const length_bytes = reader.int32();
  const text = length_bytes === -1 ? undefined : utf8(reader.bytes(length_bytes));
  reader.end();
  return { mechanism, text };
}
