import { singleInput } from '../../graph/ops/image-input.ts';
import type { Pads } from '../../graph/ops/window.ts';
import { elementCount } from '../../graph/weight.ts';
import { invalidLayer } from '../../model-error.ts';
import { isList, show } from '../config/json.ts';
import type { LayerContext, LayerDefinition } from './definition.ts';

export const shapingLayers: readonly LayerDefinition[] = [
  {
    classNames: ['ZeroPadding2D'],
    build(layer, inputs) {
      layer.options.channelsLast();
      return layer.add({ kind: 'pad2d', pads: paddingOption(layer), layout: 'nhwc' }, inputs);
    },
  },
  {
    classNames: ['Flatten'],
    build(layer, inputs) {
      layer.options.channelsLast();
      const shape = [elementCount(singleInput(inputs, layer.ref).shape)];
      return layer.add({ kind: 'reshape', shape }, inputs);
    },
  },
  {
    classNames: ['Reshape'],
    build(layer, inputs) {
      const total = elementCount(singleInput(inputs, layer.ref).shape);
      return layer.add({ kind: 'reshape', shape: targetShape(layer, total) }, inputs);
    },
  },
];

/** One number for all sides, one for each axis, or a pair for each axis. */
function paddingOption({ options }: LayerContext): Pads {
  const raw = options.raw('padding') ?? 1;
  const [rows, columns, ...rest] = isList(raw) ? raw : [raw, raw];
  const side = (value: unknown): readonly unknown[] => (isList(value) ? value : [value, value]);
  const [top, bottom, ...moreRows] = side(rows);
  const [left, right, ...moreColumns] = side(columns);
  const isPad = (value: unknown): value is number =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
  const extra = rest.length + moreRows.length + moreColumns.length > 0;
  if (extra || !isPad(top) || !isPad(bottom) || !isPad(left) || !isPad(right)) {
    throw options.invalid('padding', 'a padding of whole numbers');
  }
  return { top, bottom, left, right };
}

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
