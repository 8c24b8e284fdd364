import { singleInput } from '../../graph/ops/image-input.ts';
import { elementCount } from '../../graph/weight.ts';
import { MODEL_LIMITS } from '../../limits.ts';
import { invalidLayer, tooLarge } from '../../model-error.ts';
import { isList, show } from '../config/json.ts';
import { toChannelsLast } from './channels.ts';
import type { LayerContext, LayerDefinition } from './definition.ts';

export const shapingLayers: readonly LayerDefinition[] = [
  {
    classNames: ['Flatten'],
    build(layer, inputs) {
      const input = singleInput(inputs, layer.ref);
      // The order of the numbers is that of channels-last, whatever the data has.
      const moves = layer.options.channelsFirst() && input.shape.length > 1;
      const value = moves ? toChannelsLast(layer, input) : input;
      return layer.add({ kind: 'reshape', shape: [elementCount(input.shape)] }, [value]);
    },
  },
  {
    classNames: ['Reshape'],
    build(layer, inputs) {
      const total = elementCount(singleInput(inputs, layer.ref).shape);
      return layer.add({ kind: 'reshape', shape: targetShape(layer, total) }, inputs);
    },
  },
  {
    classNames: ['Permute'],
    build(layer, inputs) {
      const { shape } = singleInput(inputs, layer.ref);
      const dims = layer.options.raw('dims');
      const order = isList(dims) ? dims.flatMap((axis) => (typeof axis === 'number' ? [axis - 1] : [])) : [];
      if (order.length !== shape.length || shape.some((_, axis) => !order.includes(axis))) {
        throw layer.options.invalid('dims', `an order of the ${shape.length} axes of its input`);
      }
      return layer.add({ kind: 'transpose', order }, inputs);
    },
  },
  {
    classNames: ['RepeatVector'],
    build(layer, inputs) {
      const count = layer.options.count('n');
      const { shape } = singleInput(inputs, layer.ref);
      if (shape.length !== 1)
        throw invalidLayer(layer.ref, `repeats vectors, its input has ${shape.length + 1} axes`);
      if (count * elementCount(shape) > MODEL_LIMITS.tensorElements) {
        throw tooLarge(`layer "${layer.ref.name}" (RepeatVector): repeats its input ${count} times`);
      }
      const row = layer.add({ kind: 'reshape', shape: [1, ...shape] }, inputs);
      return layer.add({ kind: 'gather', indices: new Array<number>(count).fill(0), axis: 0 }, [row]);
    },
  },
];

/** `target_shape` with its one -1 worked out. */
function targetShape(layer: LayerContext, total: number): number[] {
  const raw = layer.options.raw('target_shape');
  if (!isList(raw)) throw layer.options.invalid('target_shape', 'a shape');
  const sizes = raw.map((size) => {
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < -1 || size === 0) {
      throw layer.options.invalid('target_shape', 'a shape');
    }
    return size;
  });
  const unknown = sizes.filter((size) => size === -1).length;
  const known = elementCount(sizes.filter((size) => size !== -1));
  if (unknown > 1 || total % known !== 0 || (unknown === 0 && known !== total)) {
    throw invalidLayer(layer.ref, `option target_shape = ${show(raw)} does not fit ${total} numbers`);
  }
  return sizes.map((size) => (size === -1 ? total / known : size));
}
