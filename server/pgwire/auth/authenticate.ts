/** The authentication dialogue: SASL messages around a SCRAM exchange. */
import { SqlState } from '../../../common/errors.ts';
import { BodyReader, utf8 } from '../codec/body-reader.ts';
import { FatalProtocolError } from '../codec/protocol-error.ts';
import type { Input } from '../input.ts';
import { ClientGone, type Output } from '../output.ts';
import type { Credentials } from './credentials.ts';
import { ScramExchange, scramMechanism } from './scram.ts';

/**
 * Lets the client prove that it knows its user's password; without credentials everyone is trusted.
 * @throws FatalProtocolError 28P01 for a wrong password or an unknown user, 08P01 for a broken dialogue
 */
export async function authenticate(
  user: string,
  credentials: Credentials | undefined,
  input: Input,
  output: Output,
): Promise<void> {
  if (credentials !== undefined) await exchange(user, credentials, input, output);
  output.send({ kind: 'authenticationOk' });
}

async function exchange(user: string, credentials: Credentials, input: Input, output: Output): Promise<void> {
  input.framer.phase = 'authentication';
  output.send({ kind: 'authenticationSasl', mechanisms: [scramMechanism] });
  await output.flush();
  const scram = new ScramExchange(credentials.secretOf(user));
  const challenge = scram.first(initialResponse(await answer(input)));
  output.send({ kind: 'authenticationSaslContinue', data: challenge });
  await output.flush();
  const verification = scram.final(utf8(await answer(input)));
  if (verification === undefined) {
    throw new FatalProtocolError({
      sqlState: SqlState.invalidPassword,
      message: `password authentication failed for user "${user}"`,
      hint: 'Check the user name and the password.',
    });
  }
  output.send({ kind: 'authenticationSaslFinal', data: verification });
}

async function answer(input: Input): Promise<Buffer> {
  const frame = await input.next();
  if (frame === undefined) throw new ClientGone();
  return frame.body;
}

/** SASLInitialResponse: the mechanism's name, then a length and the first message. */
function initialResponse(body: Buffer): string {
  const reader = new BodyReader(body);
  const mechanism = reader.cstring();
  if (mechanism !== scramMechanism) {
    throw new FatalProtocolError({
      sqlState: SqlState.protocolViolation,
      message: 'client selected an invalid SASL authentication mechanism',
      hint: `This server offers ${scramMechanism}.`,
    });
  }
  const length_bytes = reader.int32();
  const text = length_bytes === -1 ? '' : utf8(reader.bytes(length_bytes));
  reader.end();
  return text;
}
