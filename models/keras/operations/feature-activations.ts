/** Activations that are functions of all features together. */
import type { Value } from '../../graph/ops/definition.ts';
import { at, elementCount } from '../../graph/weight.ts';
import { invalidLayer } from '../../model-error.ts';
import type { LayerContext } from '../layers/definition.ts';
import { axisOf, reduced } from './axes.ts';
import { binary, cast, combine, constantOperand, unary, valueOperand } from './operands.ts';
import { sorted } from './reductions.ts';
import { part } from './shapes.ts';

/** @param axis as Keras counts them, the batch as 0 */
export function featureActivation(
  layer: LayerContext,
  fn: 'glu' | 'sparsemax',
  axis: number,
  value: Value,
): Value {
  const index = axisOf(layer, axis, value.shape.length);
  return fn === 'glu' ? gated(layer, value, index) : sparsemax(layer, value, index);
}

/** One half of the features times the sigmoid of the other one. */
function gated(layer: LayerContext, value: Value, axis: number): Value {
  const length = at(value.shape, axis);
  if (length % 2 !== 0) throw invalidLayer(layer.ref, `glu of ${length} features, which have no halves`);
  const half = length / 2;
  const gate = layer.add({ kind: 'activation', fn: { name: 'sigmoid' } }, [
    part(layer, value, axis, half, half),
  ]);
  return binary(layer, 'multiply', part(layer, value, axis, 0, half), gate);
}

/**
 * Keras' sparsemax: what is large enough, less a threshold. Keras computes this threshold from the sum of all cumulative
 * sums within the support, where the paper has the last one; these are Keras' numbers.
 */
function sparsemax(layer: LayerContext, value: Value, axis: number): Value {
  const descending = sorted(layer, value, axis, 'values', true);
  const sums = layer.add({ kind: 'cumulativeSum', axis }, [descending]);
  const shape = value.shape.map((size, other) => (other === axis ? size : 1));
  const ranks = Float32Array.from({ length: elementCount(shape) }, (_, i) => i + 1);
  const excess = combine(
    layer,
    'divide',
    valueOperand(binary(layer, 'subtract', sums, 1)),
    constantOperand({ shape, data: ranks, type: 'float32' }),
  );
  const support = cast(
    layer,
    binary(layer, 'greater', binary(layer, 'subtract', descending, excess), 0),
    'float32',
  );
  const count = reduced(layer, 'sum', support, [axis], true);
  const total = reduced(layer, 'sum', binary(layer, 'multiply', support, sums), [axis], true);
  const threshold = binary(layer, 'divide', binary(layer, 'subtract', total, 1), count);
  return binary(layer, 'maximum', binary(layer, 'subtract', value, threshold), 0);
}

/** Softmax over several axes together. */
export function softmaxOver(layer: LayerContext, value: Value, axes: readonly number[]): Value {
  const largest = reduced(layer, 'max', value, axes, true);
  const powers = unary(layer, 'exp', binary(layer, 'subtract', value, largest));
  return binary(layer, 'divide', powers, reduced(layer, 'sum', powers, axes, true));
}
