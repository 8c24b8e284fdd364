import type { Value } from '../../graph/ops/definition.ts';
import { invalidLayer } from '../../model-error.ts';
import type { LayerContext } from './definition.ts';

/** Keras counts axes with the batch as 0, or from the end; the graph leaves the batch out. */
export function featureAxis(layer: LayerContext, axis: number, value: Value): number {
  const rank = value.shape.length;
  const index = axis < 0 ? axis + rank : axis - 1;
  if (index < 0 || index >= rank) {
    throw invalidLayer(layer.ref, `option axis = ${axis} is not an axis of an input with ${rank + 1} axes`);
  }
  return index;
}
