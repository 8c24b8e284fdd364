import { noPads, samePads } from '../../graph/ops/window.ts';
import { at } from '../../graph/weight.ts';
import { overChannelsLast } from './channels.ts';
import type { LayerDefinition } from './definition.ts';
import { maskedMean } from './masking.ts';

type Mode = 'max' | 'average';

function poolingLayer(classNames: readonly string[], mode: Mode, axes: number): LayerDefinition {
  return {
    classNames,
    build(layer, inputs) {
      const { options } = layer;
      // Keras 2 calls the one size of Pooling1D pool_length in its oldest files only, which are refused elsewhere.
      const size = options.counts('pool_size', axes, 2);
      const strides = options.raw('strides') === null ? size : options.counts('strides', axes);
      const same = options.word('padding', ['valid', 'same'], 'valid') === 'same';
      return overChannelsLast(layer, inputs, axes, (input, { sizes }) => {
        const dilations = size.map(() => 1);
        const pads = same ? samePads({ size, strides, dilations }, sizes) : noPads(axes);
        return layer.add({ kind: 'pool', mode, size, strides, pads, layout: 'channelsLast' }, [input]);
      });
    },
  };
}

function globalPoolingLayer(classNames: readonly string[], mode: Mode, axes: number): LayerDefinition {
  return {
    classNames,
    build(layer, inputs) {
      const keepdims = layer.options.flag('keepdims', false);
      const mask = mode === 'average' && axes === 1 ? layer.mask() : undefined;
      return overChannelsLast(layer, inputs, axes, (input, { channels }) => {
        if (mask !== undefined) {
          const mean = maskedMean(layer, mask, input);
          return keepdims ? layer.add({ kind: 'reshape', shape: [1, channels] }, [mean]) : mean;
        }
        const pooled = layer.add({ kind: 'globalPool', mode, axes, layout: 'channelsLast' }, [input]);
        return keepdims ? pooled : layer.add({ kind: 'reshape', shape: [channels] }, [pooled]);
      });
    },
  };
}

/** So many windows along each axis; where they do not overlap it is an ordinary pooling. */
function adaptivePoolingLayer(className: string, mode: Mode, axes: number): LayerDefinition {
  return {
    classNames: [className],
    build(layer, inputs) {
      const size = layer.options.counts('output_size', axes);
      return overChannelsLast(layer, inputs, axes, (input, { sizes }) => {
        const layout = 'channelsLast';
        if (sizes.some((length, i) => length % at(size, i) !== 0)) {
          return layer.add({ kind: 'adaptivePool', mode, size, layout }, [input]);
        }
        const window = sizes.map((length, i) => length / at(size, i));
        return layer.add({ kind: 'pool', mode, size: window, strides: window, pads: noPads(axes), layout }, [
          input,
        ]);
      });
    },
  };
}

export const poolingLayers: readonly LayerDefinition[] = [1, 2, 3].flatMap((axes) => [
  poolingLayer([`MaxPooling${axes}D`, `MaxPool${axes}D`], 'max', axes),
  poolingLayer([`AveragePooling${axes}D`, `AvgPool${axes}D`], 'average', axes),
  globalPoolingLayer([`GlobalMaxPooling${axes}D`, `GlobalMaxPool${axes}D`], 'max', axes),
  globalPoolingLayer([`GlobalAveragePooling${axes}D`, `GlobalAvgPool${axes}D`], 'average', axes),
  adaptivePoolingLayer(`AdaptiveMaxPooling${axes}D`, 'max', axes),
  adaptivePoolingLayer(`AdaptiveAveragePooling${axes}D`, 'average', axes),
]);
