/** Arithmetic under masks, in the way of Keras 3. */
import type { Value } from '../../graph/ops/definition.ts';
import { at, Weight } from '../../graph/weight.ts';
import { invalidLayer, unsupported } from '../../model-error.ts';
import type { LayerContext } from './definition.ts';

/** What Keras' Softmax puts in place of what is masked. */
const MASKED_SCORE = -1e9;

function constant(layer: LayerContext, value: number): Weight {
  return new Weight(`${layer.ref.name}/${value}`, [], Float32Array.of(value));
}

/** The numbers where the mask is true, else a constant. */
export function whereValid(layer: LayerContext, mask: Value, value: Value, otherwise: number): Value {
  const operands = [undefined, undefined, constant(layer, otherwise)];
  return layer.add({ kind: 'elementwise', fn: 'select', operands }, [mask, value]);
}

/** Both masks. */
export function bothValid(
  layer: LayerContext,
  first: Value | undefined,
  second: Value | undefined,
): Value | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return layer.add({ kind: 'elementwise', fn: 'and', operands: [undefined, undefined] }, [first, second]);
}

/** Truth values of whatever numbers a mask is given as. */
export function asTruth(layer: LayerContext, mask: Value): Value {
  return mask.type === 'bool' ? mask : layer.add({ kind: 'cast', to: 'bool' }, [mask]);
}

/** Softmax over the last axis of what is valid; rows without anything valid become zeros. */
export function maskedSoftmax(layer: LayerContext, mask: Value, scores: Value, axis: number): Value {
  const open = whereValid(layer, mask, scores, MASKED_SCORE);
  const weights = layer.add({ kind: 'softmax', axis, log: false }, [open]);
  return whereValid(layer, mask, weights, 0);
}

/** The mean of the valid steps: of shape [features]. A sequence without any gives NaN, as in Keras. */
export function maskedMean(layer: LayerContext, mask: Value, sequence: Value): Value {
  const [steps, ...features] = sequence.shape;
  if (steps === undefined || features.length !== 1 || mask.shape.join() !== String(steps)) {
    throw invalidLayer(layer.ref, `a mask of shape (batch, ${mask.shape.join(', ')}) does not fit its input`);
  }
  const column = layer.add({ kind: 'reshape', shape: [steps, 1] }, [asTruth(layer, mask)]);
  const valid = whereValid(layer, column, sequence, 0);
  const sum = layer.add({ kind: 'reduce', fn: 'sum', axes: [0] }, [valid]);
  const numbers = layer.add({ kind: 'cast' }, [column]);
  const count = layer.add({ kind: 'reduce', fn: 'sum', axes: [0] }, [numbers]);
  const mean = layer.add({ kind: 'elementwise', fn: 'divide', operands: [undefined, undefined] }, [
    sum,
    count,
  ]);
  return layer.add({ kind: 'reshape', shape: [at(features, 0)] }, [mean]);
}

/** A mask as long as the input on each of its last axes, or 1, with axes of length 1 before. */
export function broadcastMask(layer: LayerContext, mask: Value, value: Value): Value {
  const missing = value.shape.length - mask.shape.length;
  const shape = [...new Array<number>(Math.max(missing, 0)).fill(1), ...mask.shape];
  const fits = missing >= 0 && shape.every((size, axis) => size === 1 || size === value.shape[axis]);
  // A mask with fewer axes than its input stretches along the batch in Keras: that is not the mask of these rows.
  if (!fits || missing > 0)
    throw unsupported(layer.ref, `a mask of shape (batch, ${mask.shape.join(', ')}) does not fit`);
  return asTruth(layer, mask);
}

/** Which numbers of a sequence are valid: the mask of its steps with an axis for the features. */
function ofFeatures(layer: LayerContext, mask: Value, value: Value): Value {
  if (mask.shape.length !== value.shape.length - 1) {
    throw unsupported(layer.ref, `a mask of shape (batch, ${mask.shape.join(', ')}) does not fit an input`);
  }
  return layer.add({ kind: 'reshape', shape: [...mask.shape, 1] }, [asTruth(layer, mask)]);
}

/** The product of what is valid; zeros where nothing is. */
export function maskedProduct(
  layer: LayerContext,
  inputs: readonly Value[],
  masks: readonly (Value | undefined)[],
): Value {
  const columns = inputs.map((input, i) => {
    const mask = masks[i];
    return mask && ofFeatures(layer, mask, input);
  });
  const open = inputs.map((input, i) => {
    const column = columns[i];
    return column === undefined ? input : whereValid(layer, column, input, 1);
  });
  const product = layer.add({ kind: 'merge', mode: 'multiply' }, open);
  const known = columns.filter((column) => column !== undefined);
  if (known.length < inputs.length) return product;
  const any = known.reduce((all, column) => eitherValid(layer, all, column));
  return whereValid(layer, any, product, 0);
}

/** The largest or smallest of what is valid, as Keras goes through the inputs one by one. */
export function maskedExtreme(
  layer: LayerContext,
  mode: 'maximum' | 'minimum',
  inputs: readonly Value[],
  masks: readonly (Value | undefined)[],
): Value {
  let output: Value | undefined;
  let outputMask: Value | undefined;
  for (const [i, input] of inputs.entries()) {
    const carried = masks[i];
    const mask = carried && ofFeatures(layer, carried, input);
    if (output === undefined) {
      output = input;
      outputMask = mask;
      continue;
    }
    const right = mask === undefined ? input : choose(layer, mask, input, output);
    const left = outputMask === undefined ? output : choose(layer, outputMask, output, right);
    outputMask = mask && outputMask && eitherValid(layer, outputMask, mask);
    output = layer.add({ kind: 'merge', mode }, [left, right]);
  }
  if (output === undefined) throw invalidLayer(layer.ref, 'has no inputs');
  return output;
}

function choose(layer: LayerContext, mask: Value, first: Value, second: Value): Value {
  const operands = [undefined, undefined, undefined];
  return layer.add({ kind: 'elementwise', fn: 'select', operands }, [mask, first, second]);
}

function eitherValid(layer: LayerContext, first: Value, second: Value): Value {
  if (first === second) return first;
  return layer.add({ kind: 'elementwise', fn: 'or', operands: [undefined, undefined] }, [first, second]);
}
