/**
 * COPY … FROM STDIN as a conversation (PostgreSQL manual, 55.2.6): CopyInResponse, the client's CopyData in whatever pieces
 * it likes, CopyDone or CopyFail. Flush and Sync mean nothing meanwhile; any other message ends the connection.
 */
import { setImmediate } from 'node:timers/promises';
import { SqlensError, SqlState } from '../../../../common/errors.ts';
import type { CopyInExecution } from '../../../query/api.ts';
import type { Batch } from '../../../query/control/cursors/batches.ts';
import type { Frame } from '../../codec/framer.ts';
import { decodeFrontendMessage } from '../../codec/frontend.ts';
import { FatalProtocolError } from '../../codec/protocol-error.ts';
import { ClientGone, type Output } from '../../output.ts';
import { errorReport } from '../../session/report.ts';
import type { PortalStream, Sent } from '../../session/row-stream.ts';
import type { FormatSettings } from '../../types/scalar-text.ts';
import { BinaryReader } from './binary-reader.ts';
import { ChunkWriter } from './chunk-writer.ts';
import { TextReader } from './text-reader.ts';

/** Where the client's messages come from. */
export interface CopyMessages {
  /**
   * The next message, undefined when the client is gone.
   * @throws the signal's reason when it is aborted while nothing has come
   */
  nextUnless(signal: AbortSignal): Promise<Frame | undefined> | Frame | undefined;
}

/** Reads the data of a COPY, row by row, into a chunk. */
export interface CopyReader {
  push(data: Buffer): void;
  /** Nothing more comes. */
  end(): void;
  /**
   * Reads rows into the chunk until it is full, `maxRows` are read or more data is needed.
   * @returns rows read
   * @throws SqlensError with the line
   */
  read(chunk: ChunkWriter, maxRows: number): number;
  /** Where the reader is, for errors that are not the data's. */
  readonly where: string;
}

const slice_ms = 2;
const rowsPerLook = 64;
const types = { data: 0x64, done: 0x63, fail: 0x66, flush: 0x48, sync: 0x53 } as const;

export class CopyInStream implements PortalStream {
  readonly execution: CopyInExecution;
  readonly #messages: CopyMessages;
  readonly #reader: CopyReader;
  readonly #chunk: ChunkWriter;
  #sliceStart_ms = 0;

  constructor(execution: CopyInExecution, messages: CopyMessages, settings: FormatSettings) {
    this.execution = execution;
    this.#messages = messages;
    const { options } = execution;
    this.#chunk = new ChunkWriter(execution.relation, execution.target, options, settings);
    this.#reader =
      options.format === 'binary'
        ? new BinaryReader(execution.relation, execution.target)
        : new TextReader(execution.relation, execution.target, options);
  }

  async send(output: Output): Promise<Sent> {
    const { execution } = this;
    try {
      const format = execution.options.format === 'binary' ? 'binary' : 'text';
      output.send({ kind: 'copyInResponse', format, columnCount: execution.target.length });
      await output.flush();
      execution.begin();
      await this.#receive(output);
      await execution.finish();
      return { rowCount: 0, ended: true };
    } catch (error) {
      throw await execution.failed(error);
    }
  }

  async take(): Promise<Batch | undefined> {
    throw new SqlensError({
      sqlState: SqlState.featureNotSupported,
      message: 'FETCH cannot read from COPY',
      hint: 'Bind a SELECT to the portal, or execute it.',
    });
  }

  async #receive(output: Output): Promise<void> {
    const { signal } = this.execution;
    this.#sliceStart_ms = performance.now();
    for (;;) {
      signal.throwIfAborted();
      const frame = this.#messages.nextUnless(signal);
      const { type, body } = await present(frame);
      switch (type) {
        case types.data:
          this.#reader.push(body);
          await this.#readRows();
          break;
        case types.done:
          this.#reader.end();
          await this.#readRows();
          await this.#append();
          return;
        case types.fail:
          throw this.#clientFailed({ type, body });
        case types.flush:
        case types.sync:
          break;
        default:
          throw this.#unexpected(type, output);
      }
    }
  }

  async #readRows(): Promise<void> {
    const chunk = this.#chunk;
    for (;;) {
      const rowCount = this.#reader.read(chunk, rowsPerLook);
      if (chunk.isFull) await this.#append();
      else if (rowCount < rowsPerLook) return;
      if (performance.now() - this.#sliceStart_ms > slice_ms) {
        await setImmediate();
        this.execution.signal.throwIfAborted();
        this.#sliceStart_ms = performance.now();
      }
    }
  }

  async #append(): Promise<void> {
    const chunk = this.#chunk;
    if (chunk.rowCount === 0) return;
    const size_bytes = chunk.size_bytes;
    await this.execution.append(chunk.take(), size_bytes);
  }

  #clientFailed(frame: Frame): SqlensError {
    const message = decodeFrontendMessage(frame);
    const reason = message.kind === 'copyFail' ? message.reason : '';
    return new SqlensError({
      sqlState: SqlState.queryCanceled,
      message: `COPY from stdin failed: ${reason}`,
      where: this.#reader.where,
    });
  }

  /** PostgreSQL does not read the message, so that it cannot go on behind it: an ERROR, and then the end. */
  #unexpected(type: number, output: Output): FatalProtocolError {
    const code = type.toString(16).toUpperCase().padStart(2, '0');
    const error = new SqlensError({
      sqlState: SqlState.protocolViolation,
      message: `unexpected message type 0x${code} during COPY from stdin`,
      hint: 'End the data with CopyDone or CopyFail first.',
      where: this.#reader.where,
    });
    output.send({ kind: 'error', fields: errorReport(error, 'ERROR', undefined) });
    return new FatalProtocolError({
      sqlState: SqlState.protocolViolation,
      message: 'terminating connection because protocol synchronization was lost',
      hint: 'Connect again; nothing was copied.',
    });
  }
}

async function present(frame: Promise<Frame | undefined> | Frame | undefined): Promise<Frame> {
  const found = frame instanceof Promise ? await frame : frame;
  if (found === undefined) throw new ClientGone();
  return found;
}
