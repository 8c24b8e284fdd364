/** Loads an artifact into ONNX Runtime and runs it on zeros: what cannot run is refused before anyone asks it. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { messageOf, unreachable } from '../common/errors.ts';
import type { CompiledModel, TensorSpec } from './artifact.ts';
import { invalidFile } from './model-error.ts';

export type ValidationPhase = 'loading' | 'running';

/**
 * Runs a batch of one and, where the batch is free, one of two. Blocks the thread; a graph that never ends blocks it
 * for ever, so this belongs in a child process with a deadline.
 *
 * @param onPhase called before each phase begins
 */
export async function validate(
  { manifest, onnx }: CompiledModel,
  onPhase: (phase: ValidationPhase) => Promise<void>,
): Promise<void> {
  await onPhase('loading');
  let session: InferenceSession;
  try {
    session = await InferenceSession.create(onnx, {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      enableCpuMemArena: false,
      logSeverityLevel: 4,
    });
  } catch (error) {
    throw invalidFile(`ONNX Runtime does not load the model: ${messageOf(error)}`, undefined, error);
  }
  await onPhase('running');
  const names = manifest.outputs.map(({ name }) => name);
  for (const batch of manifest.image?.dynamicBatch === false ? [1] : [1, 2]) {
    const feeds = Object.fromEntries(manifest.inputs.map((input) => [input.name, zeros(input, batch)]));
    let results: InferenceSession.OnnxValueMapType;
    try {
      results = await session.run(feeds, names);
    } catch (error) {
      throw invalidFile(
        `the model does not run on a batch of ${batch}: ${messageOf(error)}`,
        undefined,
        error,
      );
    }
    for (const name of names) {
      const result = results[name];
      if (!(result instanceof Tensor)) throw invalidFile(`output "${name}" is not a tensor`);
      if (result.size % batch !== 0 || (result.dims[0] !== batch && batch > 1)) {
        throw invalidFile(
          `output "${name}" has shape (${result.dims.join(', ')}) for a batch of ${batch}: it has no row for each input`,
          'Export the model with the batch as the first axis of its outputs.',
        );
      }
    }
  }
  await session.release();
}

/** A tensor of zeros for an input; free axes get length 1. */
function zeros({ type, shape }: TensorSpec, batch: number): Tensor {
  const dims = [batch, ...shape.map((size) => size ?? 1)];
  const length = dims.reduce((product, size) => product * size, 1);
  switch (type) {
    case 'float32':
      return new Tensor(type, new Float32Array(length), dims);
    case 'float16':
      return new Tensor(type, new Uint16Array(length), dims);
    case 'uint8':
      return new Tensor(type, new Uint8Array(length), dims);
    case 'int32':
      return new Tensor(type, new Int32Array(length), dims);
    case 'int64':
      return new Tensor(type, new BigInt64Array(length), dims);
    case 'float64':
      return new Tensor(type, new Float64Array(length), dims);
    case 'bool':
      return new Tensor(type, new Uint8Array(length), dims);
    default:
      return unreachable(type);
  }
}
