import { invalidLayer } from '../../model-error.ts';
import type { LayerRef } from '../layer-ref.ts';
import { imageDims, type Layout, type Value } from './definition.ts';

/** The one image-like input of a spatial op; an error naming the layer for any other rank. */
export function imageInput(inputs: readonly Value[], layout: Layout, layer: LayerRef) {
  const [input, ...others] = inputs;
  const dims = input === undefined ? undefined : imageDims(input.shape, layout);
  if (dims === undefined || others.length > 0) {
    throw invalidLayer(
      layer,
      `takes one image-like input (height, width, channels), not ${inputs.map(describeShape).join(' and ')}`,
    );
  }
  return dims;
}

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
