/**
 * How masks go through layers that are not about masks: a table of what Keras 3 does, by class. Layers that make or
 * use masks (Embedding, RNNs, Attention …) do so themselves.
 */
import type { Value } from '../../graph/ops/definition.ts';
import type { Op } from '../../graph/ops/index.ts';
import { unsupported } from '../../model-error.ts';
import type { LayerConfig } from '../config/architecture.ts';

/** `supports_masking` with the mask as it is. All other layers drop it. */
const PASS_ON = new Set([
  'Activation',
  'ActivityRegularization',
  'AlphaDropout',
  'BatchNormalization',
  'BatchNormalizationV1',
  'BatchNormalizationV2',
  'Dense',
  'Dropout',
  'ELU',
  'GaussianDropout',
  'GaussianNoise',
  'GroupNormalization',
  'GroupQueryAttention',
  'GroupedQueryAttention',
  'Identity',
  'LayerNormalization',
  'LeakyReLU',
  'MultiHeadAttention',
  'Normalization',
  'PReLU',
  'RMSNormalization',
  'ReLU',
  'Rescaling',
  'Softmax',
  'SpatialDropout1D',
  'SpatialDropout2D',
  'SpatialDropout3D',
  'SyncBatchNormalization',
  'ThresholdedReLU',
  'TimeDistributed',
  'UnitNormalization',
]);

/** Layers whose `call` takes a mask that matters once they are trained. */
const USE = new Set(['Softmax', 'GlobalAveragePooling1D']);

const MERGES = new Set(['Add', 'Average', 'Maximum', 'Minimum', 'Multiply', 'Subtract']);

type Add = (op: Op, inputs: readonly Value[]) => Value;

/** True for a layer that would answer otherwise without its mask: who does not ask for it has not honoured it. */
export function dependsOnMask(className: string): boolean {
  return USE.has(className);
}

/**
 * The mask of what a layer gives that has not set one itself.
 *
 * @param masks of its inputs, in their order
 */
export function maskAfter(
  { className, options, ref }: LayerConfig,
  inputs: readonly Value[],
  masks: readonly (Value | undefined)[],
  add: Add,
): Value | undefined {
  const [first] = masks;
  if (PASS_ON.has(className)) return first;
  const present = masks.filter((mask) => mask !== undefined);
  if (present.length === 0) return undefined;
  if (MERGES.has(className)) {
    // One input without a mask and nothing is masked.
    return present.length < inputs.length ? undefined : anyOf(present, add);
  }
  if (className !== 'Concatenate') return undefined;
  const rank = inputs[0]?.shape.length ?? 0;
  const axis = typeof options.axis === 'number' ? options.axis : -1;
  const index = axis < 0 ? axis + rank : axis - 1;
  const perStep = present.every((mask) => mask.shape.length === 1);
  if (!perStep || rank < 2) throw unsupported(ref, 'masks of these shapes cannot be joined');
  // Keras takes what has no mask as valid everywhere: joined with the features of others, every step is valid.
  if (index > 0) return present.length < inputs.length ? undefined : anyOf(present, add);
  if (present.length < inputs.length) {
    throw unsupported(ref, 'joins sequences of which some have a mask and others not');
  }
  return add({ kind: 'concat', axis: 0 }, present);
}

function anyOf(masks: readonly Value[], add: Add): Value | undefined {
  const [first, ...others] = masks;
  if (first === undefined) return undefined;
  return others.reduce(
    (any, mask) =>
      any === mask
        ? any
        : add({ kind: 'elementwise', fn: 'or', operands: [undefined, undefined] }, [any, mask]),
    first,
  );
}
