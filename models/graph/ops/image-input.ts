import { invalidLayer } from '../../model-error.ts';
import type { LayerRef } from '../layer-ref.ts';
import type { Value } from './definition.ts';

/** The one input of an op; an error naming the layer for any other number. */
export function singleInput(inputs: readonly Value[], layer: LayerRef): Value {
  const [input, ...others] = inputs;
  if (input === undefined || others.length > 0) {
    throw invalidLayer(layer, `takes one input, not ${inputs.length}`);
  }
  return input;
}

export function describeShape(value: Pick<Value, 'shape'>): string {
  return `(${['batch', ...value.shape].join(', ')})`;
}
