/** The compiler's child process: reads one model file from standard input, compiles and tries it, and ends. */
import { Socket } from 'node:net';
import { dieWithParent } from '../common/die-with-parent.ts';
import { messageOf, SqlensError } from '../common/errors.ts';
import { compileModel } from './compile.ts';
import {
  ARTIFACT_FD,
  ARTIFACT_HEADER_BYTES,
  type CompileOrder,
  type CompilePhase,
  type CompileReport,
  toPlain,
} from './compile-messages.ts';
import { compilerDefect, inFile, invalidFile } from './model-error.ts';
import type { ModelFile } from './model-parts.ts';
import { validate } from './validate.ts';

/** Resolves when the parent has been handed the report: a blocked thread would keep it here. */
function report(message: CompileReport): Promise<void> {
  return new Promise((resolve, reject) => {
    if (process.send === undefined) throw new Error('the compiler runs as a child process only');
    process.send(message, (error: Error | null) => (error === null ? resolve() : reject(error)));
  });
}

async function readInput(size_bytes: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size_bytes);
  let length = 0;
  for await (const chunk of process.stdin) {
    if (!(chunk instanceof Uint8Array)) throw compilerDefect('standard input is not binary');
    bytes.set(chunk, length);
    length += chunk.byteLength;
  }
  if (length !== size_bytes) throw invalidFile(`only ${length} of ${size_bytes} bytes arrived`);
  return bytes;
}

/** The model file and its parts, which came one after the other. */
async function readModel({ fileName, size_bytes, parts }: CompileOrder): Promise<ModelFile> {
  const whole_bytes = parts.reduce((sum, part) => sum + part.size_bytes, size_bytes);
  const input = await readInput(whole_bytes);
  let at = size_bytes;
  const cut = parts.map((part) => {
    const bytes = input.subarray(at, at + part.size_bytes);
    at += part.size_bytes;
    return [part.name, bytes] as const;
  });
  return { name: fileName, bytes: input.subarray(0, size_bytes), parts: new Map(cut) };
}

function writeArtifact(onnx: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const pipe = new Socket({ fd: ARTIFACT_FD, writable: true });
    pipe.on('error', reject);
    const header = Buffer.alloc(ARTIFACT_HEADER_BYTES);
    header.writeBigUInt64LE(BigInt(onnx.byteLength));
    pipe.write(header);
    pipe.end(onnx, resolve);
  });
}

async function run(order: CompileOrder): Promise<void> {
  const phase = (name: CompilePhase): Promise<void> => report({ kind: 'phase', phase: name });
  await phase('reading');
  await watched;
  const file = await readModel(order);
  await phase('compiling');
  let compiled = await compileModel(file, order.options);
  try {
    compiled = await validate(compiled, phase);
  } catch (error) {
    throw error instanceof SqlensError ? inFile(order.fileName, error) : error;
  }
  await report({ kind: 'artifact', manifest: compiled.manifest });
  await writeArtifact(compiled.onnx);
}

// When the parent is gone nobody waits for the answer, and a graph that never ends would go on without it.
const watched = dieWithParent();
process.once('message', (order: CompileOrder) => {
  run(order)
    .catch((error: unknown) => {
      const known =
        error instanceof SqlensError ? error : inFile(order.fileName, compilerDefect(messageOf(error)));
      return report({ kind: 'failed', error: toPlain(known) });
    })
    .finally(() => process.exit());
});
