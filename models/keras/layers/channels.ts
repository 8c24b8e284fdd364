/** Layers that have the option `data_format`: the graph slides over channels-last values, whatever the file says. */
import type { Value } from '../../graph/ops/definition.ts';
import { singleInput } from '../../graph/ops/image-input.ts';
import { type SpatialShape, spatialInput } from '../../graph/ops/layout.ts';
import type { LayerContext } from './definition.ts';

/**
 * Channels-first input is transposed, and so is what comes of it; the passes join what lies between two layers.
 *
 * @param axes how many spatial axes the layer has
 * @param work makes the layer's nodes over the channels-last input, which has this shape
 */
export function overChannelsLast(
  layer: LayerContext,
  inputs: readonly Value[],
  axes: number,
  work: (input: Value, shape: SpatialShape) => Value,
): Value {
  const input = singleInput(inputs, layer.ref);
  if (!layer.options.channelsFirst()) {
    return work(input, spatialInput([input], axes, 'channelsLast', layer.ref));
  }
  spatialInput([input], axes, 'channelsFirst', layer.ref);
  const last = toChannelsLast(layer, input);
  const value = work(last, spatialInput([last], axes, 'channelsLast', layer.ref));
  // A vector, as global pooling makes it, has no order.
  return value.shape.length === input.shape.length ? toChannelsFirst(layer, value) : value;
}

export function toChannelsLast(layer: LayerContext, value: Value): Value {
  const spatial = Array.from({ length: value.shape.length - 1 }, (_, i) => i + 1);
  return layer.add({ kind: 'transpose', order: [...spatial, 0] }, [value]);
}

function toChannelsFirst(layer: LayerContext, value: Value): Value {
  const axes = value.shape.length - 1;
  return layer.add({ kind: 'transpose', order: [axes, ...Array.from({ length: axes }, (_, i) => i)] }, [
    value,
  ]);
}
