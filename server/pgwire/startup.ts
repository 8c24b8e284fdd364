/** From the first byte to the startup message: encryption requests, cancel requests, protocol version, options. */
import { SqlState } from '../../common/errors.ts';
import type { SessionStart } from '../query/api.ts';
import { FatalProtocolError } from './codec/protocol-error.ts';
import { decodeStartupPacket, type StartupPacket } from './codec/startup-packet.ts';
import type { Input } from './input.ts';
import type { ConnectionInfo } from './options.ts';
import type { Output } from './output.ts';

type Startup = Extract<StartupPacket, { kind: 'startup' }>;

/** The newest minor version of protocol 3 that is spoken here: 3.2 has cancel secrets of any length. */
const newestMinor = 2;
/** TLS' record type of a handshake: no startup packet can begin with it. */
const handshakeByte = 0x16;

export interface StartupHandlers {
  /** Takes over the socket with TLS; undefined when TLS is not configured. */
  readonly startTls: ((direct: boolean) => Promise<void>) | undefined;
  readonly cancel: (processId: number, secret: Buffer) => void;
}

/**
 * Reads packets until the startup message.
 * @returns undefined when the connection is over: a cancel request, TLS that is not to be had, or the client left
 * @throws FatalProtocolError
 */
export async function readStartup(
  input: Input,
  output: Output,
  handlers: StartupHandlers,
): Promise<Startup | undefined> {
  let encryptionAsked = false;
  let gssAsked = false;
  if ((await input.peekByte()) === handshakeByte) {
    // Who begins with TLS understands nothing else: there is no way to say why not.
    if (handlers.startTls === undefined) return undefined;
    encryptionAsked = true;
    gssAsked = true;
    await handlers.startTls(true);
  }
  for (;;) {
    const frame = await input.next();
    if (frame === undefined) return undefined;
    const packet = decodeStartupPacket(frame.body);
    switch (packet.kind) {
      case 'cancelRequest':
        // Answered by closing, whether it hit or not: the answer must not say.
        handlers.cancel(packet.processId, packet.secret);
        return undefined;
      case 'sslRequest':
        if (encryptionAsked) throw repeated('SSL');
        encryptionAsked = true;
        await answerSsl(input, output, handlers);
        break;
      case 'gssEncRequest':
        if (gssAsked) throw repeated('GSSAPI');
        gssAsked = true;
        refuseClear(input, 'GSSAPI encryption');
        output.sendBytes(Buffer.from('N'));
        await output.flush();
        break;
      case 'startup':
        return negotiated(packet, output);
    }
  }
}

async function answerSsl(input: Input, output: Output, handlers: StartupHandlers): Promise<void> {
  const { startTls } = handlers;
  refuseClear(input, 'SSL');
  output.sendBytes(Buffer.from(startTls === undefined ? 'N' : 'S'));
  await output.flush();
  if (startTls !== undefined) await startTls(false);
}

/** What came in the clear behind the request could be an attacker's: it must not count as said under encryption. */
function refuseClear(input: Input, what: string): void {
  if (input.framer.buffered_bytes === 0) return;
  throw new FatalProtocolError({
    sqlState: SqlState.protocolViolation,
    message: `received unencrypted data after ${what} request`,
    hint: 'This could be either a client-software bug or evidence of an attempted man-in-the-middle attack.',
  });
}

function repeated(what: string): FatalProtocolError {
  return new FatalProtocolError({
    sqlState: SqlState.protocolViolation,
    message: `${what} encryption was requested twice`,
    hint: 'Connect with a PostgreSQL client that speaks protocol 3.0.',
  });
}

function negotiated(packet: Startup, output: Output): Startup {
  if (packet.major !== 3) {
    throw new FatalProtocolError({
      sqlState: SqlState.featureNotSupported,
      message: `unsupported frontend protocol ${packet.major}.${packet.minor}: server supports 3.0 to 3.${newestMinor}`,
      hint: 'Connect with a PostgreSQL client that speaks protocol 3.0.',
    });
  }
  const unknownOptions = [...packet.parameters.keys()].filter((name) => name.startsWith('_pq_.'));
  const minor = Math.min(packet.minor, newestMinor);
  if (minor < packet.minor || unknownOptions.length > 0) {
    output.send({ kind: 'negotiateProtocolVersion', newest: (packet.major << 16) | minor, unknownOptions });
  }
  return { ...packet, minor };
}

/** Startup parameters that are not settings. */
const notSettings: ReadonlySet<string> = new Set([
  'user',
  'database',
  'options',
  'replication',
  'application_name',
  'client_encoding',
]);

/**
 * What the session is to begin with, but for the role, which the user has yet to prove.
 * @throws FatalProtocolError 28000 without a user, 0A000 for replication and for encodings other than UTF-8
 */
export function sessionStart(
  packet: Startup,
  connection: Pick<ConnectionInfo, 'remoteAddress' | 'socket' | 'processId'>,
): Omit<SessionStart, 'role'> {
  const { parameters } = packet;
  const user = parameters.get('user') ?? '';
  if (user === '') {
    throw new FatalProtocolError({
      sqlState: SqlState.invalidAuthorizationSpecification,
      message: 'no PostgreSQL user name specified in startup packet',
      hint: 'Name a user; any name will do on a server without passwords.',
    });
  }
  refuseReplication(parameters.get('replication'));
  const settings = commandLineSettings(parameters.get('options') ?? '');
  for (const [name, value] of parameters) {
    if (!notSettings.has(name) && !name.startsWith('_pq_.')) settings.set(name.toLowerCase(), value);
  }
  refuseEncoding(parameters.get('client_encoding') ?? settings.get('client_encoding'));
  settings.delete('client_encoding');
  const applicationName = parameters.get('application_name') ?? settings.get('application_name') ?? '';
  settings.delete('application_name');
  const database = parameters.get('database');
  return {
    user,
    database: database === undefined || database === '' ? user : database,
    applicationName,
    remoteAddress: connection.remoteAddress,
    socket: connection.socket,
    processId: connection.processId,
    settings,
  };
}

function refuseReplication(value: string | undefined): void {
  if (value === undefined || /^(false|off|no|0)$/i.test(value)) return;
  throw new FatalProtocolError({
    sqlState: SqlState.featureNotSupported,
    message: 'replication connections are not supported',
    hint: 'Connect without the replication parameter.',
  });
}

function refuseEncoding(value: string | undefined): void {
  // SQL_ASCII is what libpq asks for in the C locale; it means "do not convert".
  if (value === undefined || /^'?(utf-?8|unicode|sql_ascii)'?$/i.test(value)) return;
  throw new FatalProtocolError({
    sqlState: SqlState.featureNotSupported,
    message: `client encoding "${value}" is not supported`,
    hint: 'Set client_encoding (PGCLIENTENCODING) to UTF8.',
  });
}

/** The settings of `options`: `-c name=value` and `--name=value`, a backslash before a space that is part of one. */
function commandLineSettings(options: string): Map<string, string> {
  const words = options.match(/(?:\\.|[^\s\\])+/gs) ?? [];
  const unescaped = words.map((word) => word.replace(/\\(.)/gs, '$1'));
  const settings = new Map<string, string>();
  for (let index = 0; index < unescaped.length; index++) {
    const word = unescaped[index] ?? '';
    const separate = word === '-c';
    const assignment = separate ? unescaped[++index] : word.replace(/^(?:--|-c)/, '');
    const match = /^([^=]+)=(.*)$/s.exec(assignment ?? '');
    const isSwitch = /^(?:--|-c)/.test(word);
    if (match === null || !isSwitch) {
      const lacksValue = isSwitch && assignment !== undefined && assignment !== '';
      throw new FatalProtocolError({
        sqlState: SqlState.syntaxError,
        message: lacksValue
          ? `${word.startsWith('--') ? '--' : '-c '}${assignment} requires a value`
          : `invalid command-line argument for server process: ${word}`,
        hint: 'In "options" (PGOPTIONS) this server takes -c name=value and --name=value.',
      });
    }
    settings.set((match[1] ?? '').toLowerCase().replace(/-/g, '_'), match[2] ?? '');
  }
  return settings;
}
