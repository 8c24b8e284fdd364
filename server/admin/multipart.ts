/** Reads a multipart POST /v1/models: text parts into fields, the model into a file, as it comes in. */
import type { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { SqlensError, SqlState } from '../../common/errors.ts';
import type { AdminLimits } from './limits.ts';
import type { UploadFolder } from './uploads.ts';

/** Text parts: name, function, returns, replace, options. */
const MAX_FIELDS = 8;
/** A labels file. */
const MAX_LABELS_BYTES = 2 ** 20;
const MAX_FILE_NAME_LENGTH = 255;

export interface ReceivedUpload {
  /** The text parts by name, not yet validated. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly file: { readonly path: string; readonly fileName: string };
  /** Lines of the `labels` file part, undefined when there was none. */
  readonly labels: readonly string[] | undefined;
}

/**
 * @returns what was sent; the caller owes an `uploads.remove(file.path)`
 * @throws 22023 for missing, repeated or unknown parts, 54000 for a file beyond the limit, 57P05 when the client stalls
 */
export async function receiveUpload(
  request: FastifyRequest,
  uploads: UploadFolder,
  limits: AdminLimits,
): Promise<ReceivedUpload> {
  const announced_bytes = Number(request.headers['content-length'] ?? 0);
  // Told before it is sent; the rest of the form is allowed for.
  if (announced_bytes > limits.upload_bytes + 2 * limits.jsonBody_bytes) throw tooLarge(limits);
  const stall = new AbortController();
  const watch = watchProgress(request, limits.body_timeout_ms, stall);
  const received: { path?: string } = {};
  try {
    const reading = readParts(request, uploads, limits, stall.signal, received);
    const stalled = new Promise<never>((_, reject) => {
      stall.signal.addEventListener('abort', () => reject(stall.signal.reason), { once: true });
    });
    return await Promise.race([reading, stalled]);
  } catch (error) {
    if (received.path !== undefined) await uploads.remove(received.path);
    throw stall.signal.aborted ? stall.signal.reason : readable(error);
  } finally {
    clearInterval(watch);
  }
}

async function readParts(
  request: FastifyRequest,
  uploads: UploadFolder,
  limits: AdminLimits,
  signal: AbortSignal,
  received: { path?: string },
): Promise<ReceivedUpload> {
  const fields: Record<string, unknown> = {};
  let file: ReceivedUpload['file'] | undefined;
  let labels: string[] | undefined;
  const parts = request.parts({
    limits: {
      files: 2,
      fields: MAX_FIELDS,
      parts: MAX_FIELDS + 2,
      fileSize: limits.upload_bytes,
      fieldSize: limits.jsonBody_bytes,
      fieldNameSize: 100,
    },
  });
  for await (const part of parts) {
    if (part.type === 'field') {
      if (part.valueTruncated || part.fieldnameTruncated) throw tooLarge(limits);
      if (Object.hasOwn(fields, part.fieldname)) throw badPart(`the part "${part.fieldname}" came twice`);
      fields[part.fieldname] = fieldValue(part.fieldname, part.value);
    } else if (part.fieldname === 'file') {
      if (file !== undefined) throw badPart('the part "file" came twice');
      const fileName = displayName(part.filename);
      const { file: stream } = part;
      // Else the parser would take, and drop, whatever else the client sends.
      stream.once('limit', () => stream.destroy(tooLarge(limits)));
      const path = await uploads.receive(stream, fileName, signal);
      received.path = path;
      // Whoever waited for us has given up between the last byte and now, and deleted nothing.
      if (signal.aborted) await uploads.remove(path);
      signal.throwIfAborted();
      file = { path, fileName };
    } else if (part.fieldname === 'labels') {
      if (labels !== undefined) throw badPart('the part "labels" came twice');
      labels = await readLines(part.file);
    } else {
      throw badPart(`unexpected file in the part "${part.fieldname}"`);
    }
  }
  if (file === undefined) throw badPart('the part "file" with the model is missing');
  return { fields, file, labels };
}

/** What the parser of forms and the stream say about a form that ends too soon or is none. */
function readable(error: unknown): unknown {
  // Errors of ours, of Fastify and of the file system speak for themselves.
  if (!(error instanceof Error) || error instanceof SqlensError) return error;
  if ('statusCode' in error || 'syscall' in error) return error;
  return new SqlensError({
    sqlState: SqlState.invalidParameterValue,
    message: `the form cannot be read: ${error.message}`,
    hint: 'Send a complete multipart/form-data body.',
    cause: error,
  });
}

/** Aborts when the socket has received nothing for so long. */
function watchProgress(request: FastifyRequest, timeout_ms: number, stall: AbortController): NodeJS.Timeout {
  const { socket } = request.raw;
  let seen_bytes = -1;
  return setInterval(() => {
    const { bytesRead } = socket;
    if (bytesRead === seen_bytes && !request.raw.complete) {
      stall.abort(
        new SqlensError({
          sqlState: SqlState.idleSessionTimeout,
          message: `the upload stopped for ${timeout_ms / 1000} s`,
          hint: 'Send it again.',
        }),
      );
    }
    seen_bytes = bytesRead;
  }, timeout_ms);
}

/** Parts are text; those that are not strings in JSON are read as JSON. */
function fieldValue(name: string, value: unknown): unknown {
  if ((name !== 'options' && name !== 'replace') || typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    throw badPart(`the part "${name}" is not valid JSON`);
  }
}

async function readLines(stream: Readable): Promise<string[]> {
  const chunks: Buffer[] = [];
  let size_bytes = 0;
  for await (const chunk of stream) {
    size_bytes += chunk.length;
    if (size_bytes > MAX_LABELS_BYTES) throw badPart('the part "labels" is larger than 1 MiB');
    chunks.push(chunk);
  }
  const lines = Buffer.concat(chunks)
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .split(/\r?\n/);
  while (lines.at(-1) === '') lines.pop();
  return lines;
}

/** What people may see of a client's file name: its last component, without control characters. */
function displayName(fileName: string): string {
  const base = fileName.split(/[/\\]/).at(-1) ?? '';
  const clean = base.replace(/\p{C}/gu, '').slice(-MAX_FILE_NAME_LENGTH);
  return clean === '' ? 'model' : clean;
}

function badPart(message: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.invalidParameterValue,
    message,
    hint: 'Send the parts name, file and, if wanted, function, returns, replace, options (JSON) and labels (a file).',
  });
}

function tooLarge(limits: AdminLimits): SqlensError {
  return new SqlensError({
    sqlState: SqlState.programLimitExceeded,
    message: `uploads are limited to ${Math.floor(limits.upload_bytes / 2 ** 20)} MiB, other parts to ${Math.floor(limits.jsonBody_bytes / 2 ** 20)} MiB`,
    hint: 'Put the file into a bucket and send its URI instead.',
  });
}
