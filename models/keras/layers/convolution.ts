import { type Conv2dOp, pointwise } from '../../graph/ops/conv2d.ts';
import type { Value } from '../../graph/ops/definition.ts';
import { imageInput } from '../../graph/ops/image-input.ts';
import { NO_PADS, type Pads, type Pair, samePads } from '../../graph/ops/window.ts';
import type { Weight } from '../../graph/weight.ts';
import { invalidLayer, unsupported } from '../../model-error.ts';
import type { LayerContext, LayerDefinition } from './definition.ts';

interface Geometry {
  readonly size: Pair;
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly pads: Pads;
  readonly channels: number;
}

/** Options that all convolutions share. */
function geometry({ options, ref }: LayerContext, inputs: readonly Value[]): Geometry {
  options.channelsLast();
  const { height, width, channels } = imageInput(inputs, 'nhwc', ref);
  const size = options.pair('kernel_size');
  const strides = options.pair('strides', 1);
  const dilations = options.pair('dilation_rate', 1);
  const padding = options.word('padding', ['valid', 'same'], 'valid');
  const pads = padding === 'same' ? samePads({ size, strides, dilations }, height, width) : NO_PADS;
  return { size, strides, dilations, pads, channels };
}

/** Depthwise convolutions have an option `groups` from their base class, and no meaning for it. */
function oneGroup(layer: LayerContext): void {
  const groups = layer.options.count('groups', 1);
  if (groups !== 1) throw unsupported(layer.ref, `option groups = ${groups} is not supported`);
}

export const conv2dLayer: LayerDefinition = {
  classNames: ['Conv2D', 'Convolution2D'],
  build(layer, inputs) {
    const { options } = layer;
    const { size, strides, dilations, pads, channels } = geometry(layer, inputs);
    const filters = options.count('filters');
    const groups = options.count('groups', 1);
    if (channels % groups !== 0 || filters % groups !== 0) {
      throw invalidLayer(
        layer.ref,
        `${channels} channels and ${filters} filters do not split into ${groups} groups`,
      );
    }
    const { kernel, bias } = layer.weights({
      kernel: [...size, channels / groups, filters],
      bias: options.flag('use_bias', true) ? [filters] : undefined,
    });
    const value = layer.add(
      { kind: 'conv2d', kernel, bias, depthwise: false, strides, dilations, groups, pads, layout: 'nhwc' },
      inputs,
    );
    return layer.fusedActivation(value);
  },
};

/** A depthwise convolution of the geometry that the layer's options give. */
function depthwise(
  { strides, dilations, pads }: Geometry,
  kernel: Weight,
  bias: Weight | undefined,
): Conv2dOp {
  return {
    kind: 'conv2d',
    kernel,
    bias,
    depthwise: true,
    strides,
    dilations,
    groups: 1,
    pads,
    layout: 'nhwc',
  };
}

export const depthwiseConv2dLayer: LayerDefinition = {
  classNames: ['DepthwiseConv2D'],
  build(layer, inputs) {
    const { options } = layer;
    const window = geometry(layer, inputs);
    const { size, channels } = window;
    const multiplier = options.count('depth_multiplier', 1);
    oneGroup(layer);
    // Keras 2 wrote this option of the base class too, where it means nothing.
    options.ignore('filters');
    const { depthwise_kernel, bias } = layer.weights({
      depthwise_kernel: [...size, channels, multiplier],
      bias: options.flag('use_bias', true) ? [channels * multiplier] : undefined,
    });
    return layer.fusedActivation(layer.add(depthwise(window, depthwise_kernel, bias), inputs));
  },
};

export const separableConv2dLayer: LayerDefinition = {
  classNames: ['SeparableConv2D', 'SeparableConvolution2D'],
  build(layer, inputs) {
    const { options } = layer;
    const window = geometry(layer, inputs);
    const { size, channels } = window;
    const filters = options.count('filters');
    const multiplier = options.count('depth_multiplier', 1);
    oneGroup(layer);
    const { depthwise_kernel, pointwise_kernel, bias } = layer.weights({
      depthwise_kernel: [...size, channels, multiplier],
      pointwise_kernel: [1, 1, channels * multiplier, filters],
      bias: options.flag('use_bias', true) ? [filters] : undefined,
    });
    const planes = layer.add(depthwise(window, depthwise_kernel, undefined), inputs);
    return layer.fusedActivation(layer.add(pointwise(pointwise_kernel, bias), [planes]));
  },
};
