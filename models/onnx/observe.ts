/** What outputs are when the graph runs, where the file does not tell. */
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Manifest, TensorSpec, TensorType } from '../artifact.ts';
import { unsupportedPart } from '../model-error.ts';
import type { Run } from '../validate.ts';

const TYPES: Partial<Record<Tensor.Type, TensorType>> = {
  float32: 'float32',
  float16: 'float16',
  float64: 'float64',
  int8: 'int8',
  uint8: 'uint8',
  int16: 'int16',
  uint16: 'uint16',
  int32: 'int32',
  uint32: 'uint32',
  int64: 'int64',
  uint64: 'uint64',
  bool: 'bool',
};

/**
 * A size is fixed when ONNX Runtime infers it, or when no input has a free axis and all runs agree. The first axis is
 * the batch, unless the graph takes one row at a time and gives something else: then all of it belongs to the row.
 */
export function observedOutputs(
  { inputs, outputs }: Manifest,
  session: InferenceSession,
  runs: readonly Run[],
): TensorSpec[] {
  const isFree = inputs.some(({ shape }) => shape.includes(null));
  return outputs.map(({ name }, at) => {
    const results = runs.flatMap(({ results, sample }) => {
      const result = results[at];
      return result === undefined ? [] : [{ dims: result.dims, type: result.type, batch: sample.batch }];
    });
    const [first] = results;
    const type = first === undefined ? undefined : TYPES[first.type];
    if (first === undefined || type === undefined) {
      throw unsupportedPart(
        `output "${name}"`,
        `it holds ${first?.type ?? 'nothing'}; tensors of numbers are served`,
        "Choose another with OPTIONS (output = 'name').",
      );
    }
    const meta = session.outputMetadata.find((one) => one.name === name);
    const told = meta?.isTensor === true && meta.shape.length === first.dims.length ? meta.shape : [];
    const hasBatch =
      results.every(({ dims, batch }) => dims[0] === batch) &&
      (typeof told[0] !== 'number' || told[0] === first.batch || told[0] < 0);
    const shape = first.dims.map((size, axis) => {
      const inferred = told[axis];
      if (typeof inferred === 'number' && inferred >= 0) return inferred;
      const agree = results.every(({ dims }) => dims.length === first.dims.length && dims[axis] === size);
      return isFree || !agree ? null : size;
    });
    return { name, type, shape: hasBatch ? shape.slice(1) : shape };
  });
}
