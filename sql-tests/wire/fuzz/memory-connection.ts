/** The server's own connection over a socket that is a piece of memory: everything but TCP. */
import { Socket } from 'node:net';
import { Credentials } from '../../../server/pgwire/auth/credentials.ts';
import { LoginAttempts } from '../../../server/pgwire/auth/login-attempts.ts';
import { Connection } from '../../../server/pgwire/connection.ts';
import { defaultWireLimits, type WireLogger } from '../../../server/pgwire/options.ts';
import type { Backend } from '../../../server/query/api.ts';

/** A case that takes longer hangs. */
export const hang_timeout_ms = 5_000;

class MemorySocket extends Socket {
  readonly #written: Buffer[] = [];
  written_bytes = 0;

  constructor() {
    super({ allowHalfOpen: true });
  }

  get written(): Buffer {
    return Buffer.concat(this.#written);
  }

  override _read(): void {
    // What comes is pushed.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#written.push(chunk);
    this.written_bytes += chunk.length;
    done();
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    for (const { chunk } of chunks) this.#written.push(chunk);
    done();
  }

  override _final(done: (error?: Error | null) => void): void {
    done();
  }
}

export interface Answer {
  readonly bytes: Buffer;
  /** What the server logged as an error: none, if all is well. */
  readonly errors: readonly unknown[];
}

export interface MemoryServer {
  /** Says these pieces, one after the other, and closes; what came back until the server closed too. */
  converse(pieces: readonly Buffer[]): Promise<Answer>;
  readonly openConnections: number;
}

/** @param password undefined: everyone is trusted */
export function memoryServer(backend: Backend, password: string | undefined): MemoryServer {
  const credentials = password === undefined ? undefined : new Credentials(password);
  const connections = new Map<number, Connection>();
  let lastProcessId = 0;

  const converse = async (pieces: readonly Buffer[]): Promise<Answer> => {
    const socket = new MemorySocket();
    const errors: unknown[] = [];
    const ignore = (): void => {};
    const logger: WireLogger = {
      debug: ignore,
      info: ignore,
      warn: ignore,
      error: (fields) => errors.push(fields),
    };
    const processId = ++lastProcessId;
    const connection = new Connection(socket, {
      backend,
      limits: { ...defaultWireLimits, maxMessage_bytes: 100_000 },
      logger,
      overflow: undefined,
      hooks: {},
      // Who guesses is slowed down, and every case is another stranger.
      door: () => ({ credentials, attempts: new LoginAttempts() }),
      tls: () => undefined,
      requireTls: false,
      processId,
      hasRoom: () => true,
      hasRoomForAnalyst: () => true,
      cancel: (target, secret) => connections.get(target)?.cancelBy(secret),
    });
    connections.set(processId, connection);
    const serving = connection.serve().finally(() => connections.delete(processId));
    for (const piece of pieces) {
      socket.push(piece);
      await turn();
    }
    socket.push(null);
    await inTime(serving);
    return { bytes: socket.written, errors };
  };
  return {
    converse,
    get openConnections() {
      return connections.size;
    },
  };
}

/** Lets the server work on what it has. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function inTime(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`the connection hangs for ${hang_timeout_ms} ms`)),
      hang_timeout_ms,
    );
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
