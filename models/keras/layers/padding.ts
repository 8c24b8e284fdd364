/** Layers that add positions to the ends of spatial axes, take them away, or repeat them. */

import { INTERPOLATIONS } from '../../graph/ops/resize.ts';
import type { Pads } from '../../graph/ops/window.ts';
import { at } from '../../graph/weight.ts';
import { isList } from '../config/json.ts';
import { overChannelsLast } from './channels.ts';
import type { LayerContext, LayerDefinition } from './definition.ts';

function paddingLayer(axes: number): LayerDefinition {
  return {
    classNames: [`ZeroPadding${axes}D`],
    build(layer, inputs) {
      const pads = sides(layer, 'padding', axes, 1);
      return overChannelsLast(layer, inputs, axes, (input) =>
        layer.add({ kind: 'pad', pads, layout: 'channelsLast' }, [input]),
      );
    },
  };
}

function croppingLayer(axes: number): LayerDefinition {
  return {
    classNames: [`Cropping${axes}D`],
    build(layer, inputs) {
      const crops = sides(layer, 'cropping', axes, axes === 2 ? 0 : 1);
      return overChannelsLast(layer, inputs, axes, (input, { sizes }) => {
        const ranges = sizes.map((size, axis) => {
          const start = at(crops.begin, axis);
          return { axis, start, count: size - start - at(crops.end, axis), step: 1 };
        });
        return layer.add({ kind: 'slice', ranges }, [input]);
      });
    },
  };
}

function upSamplingLayer(axes: number): LayerDefinition {
  return {
    classNames: [`UpSampling${axes}D`],
    build(layer, inputs) {
      const { options } = layer;
      const factors = options.counts('size', axes, 2);
      const interpolation = axes === 2 ? options.word('interpolation', INTERPOLATIONS, 'nearest') : 'nearest';
      return overChannelsLast(layer, inputs, axes, (input, { sizes }) => {
        const size = sizes.map((length, i) => length * at(factors, i));
        return layer.add({ kind: 'resize', size, interpolation, antialias: false, layout: 'channelsLast' }, [
          input,
        ]);
      });
    },
  };
}

/** One number for all sides, one for each axis, or a pair for each axis; with one axis also its pair alone. */
function sides({ options }: LayerContext, name: string, axes: number, fallback: number): Pads {
  const raw = options.raw(name) ?? fallback;
  const isPair = axes === 1 && isList(raw) && raw.length === 2;
  const listed: readonly unknown[] = isPair ? [raw] : isList(raw) ? raw : new Array<unknown>(axes).fill(raw);
  const pairs = listed.map((side): readonly unknown[] => (isList(side) ? side : [side, side]));
  const begin = pairs.map(([first]) => first);
  const end = pairs.map(([, second]) => second);
  const valid = (value: unknown): value is number =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
  if (
    pairs.length !== axes ||
    pairs.some(({ length }) => length !== 2) ||
    !begin.every(valid) ||
    !end.every(valid)
  ) {
    throw options.invalid(name, 'whole numbers for the ends of each axis');
  }
  return { begin, end };
}

export const paddingLayers: readonly LayerDefinition[] = [1, 2, 3].flatMap((axes) => [
  paddingLayer(axes),
  croppingLayer(axes),
  upSamplingLayer(axes),
]);
