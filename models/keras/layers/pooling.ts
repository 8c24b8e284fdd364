import { imageInput } from '../../graph/ops/image-input.ts';
import { NO_PADS, samePads } from '../../graph/ops/window.ts';
import type { LayerDefinition } from './definition.ts';

function poolingLayer(classNames: readonly string[], mode: 'max' | 'average'): LayerDefinition {
  return {
    classNames,
    build(layer, inputs) {
      const { options } = layer;
      options.channelsLast();
      const { height, width } = imageInput(inputs, 'nhwc', layer.ref);
      const size = options.pair('pool_size', 2);
      const strides = options.raw('strides') === null ? size : options.pair('strides');
      const same = options.word('padding', ['valid', 'same'], 'valid') === 'same';
      const pads = same ? samePads({ size, strides, dilations: [1, 1] }, height, width) : NO_PADS;
      return layer.add({ kind: 'pool2d', mode, size, strides, pads, layout: 'nhwc' }, inputs);
    },
  };
}

function globalPoolingLayer(classNames: readonly string[], mode: 'max' | 'average'): LayerDefinition {
  return {
    classNames,
    build(layer, inputs) {
      layer.options.channelsLast();
      const { channels } = imageInput(inputs, 'nhwc', layer.ref);
      const pooled = layer.add({ kind: 'globalPool2d', mode, layout: 'nhwc' }, inputs);
      if (layer.options.flag('keepdims', false)) return pooled;
      return layer.add({ kind: 'reshape', shape: [channels] }, [pooled]);
    },
  };
}

export const poolingLayers: readonly LayerDefinition[] = [
  poolingLayer(['MaxPooling2D', 'MaxPool2D'], 'max'),
  poolingLayer(['AveragePooling2D', 'AvgPool2D'], 'average'),
  globalPoolingLayer(['GlobalMaxPooling2D', 'GlobalMaxPool2D'], 'max'),
  globalPoolingLayer(['GlobalAveragePooling2D', 'GlobalAvgPool2D'], 'average'),
];
