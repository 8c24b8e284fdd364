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
import { validate } from './validate.ts';

/** Resolves when the parent has been handed the report: a blocked thread would keep it here. */
function report(message: CompileReport): Promise<void> {
  return new Promise((resolve, reject) => {
    if (process.send === undefined) throw new Error('the compiler runs as a child process only');
    process.send(message, (error: Error | null) => (error === null ? resolve() : reject(error)));
  });
}

async function readFile(size_bytes: number): Promise<Uint8Array> {
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
  const bytes = await readFile(order.size_bytes);
  await phase('compiling');
  const compiled = await compileModel({ name: order.fileName, bytes }, order.options);
  try {
    await validate(compiled, phase);
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
