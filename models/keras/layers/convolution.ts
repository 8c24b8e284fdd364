import { type ConvOp, pointwise } from '../../graph/ops/conv.ts';
import type { Value } from '../../graph/ops/definition.ts';
import type { SpatialShape } from '../../graph/ops/layout.ts';
import { noPads, type Pads, samePads, type Window } from '../../graph/ops/window.ts';
import type { Weight } from '../../graph/weight.ts';
import { invalidLayer, unsupported } from '../../model-error.ts';
import { overChannelsLast } from './channels.ts';
import type { LayerContext, LayerDefinition } from './definition.ts';

/** Options that all convolutions share. Only Conv1D knows padding 'causal': all of it before the first step. */
function geometry({ options }: LayerContext, { sizes }: SpatialShape, causal = false): Window {
  const axes = sizes.length;
  const size = options.counts('kernel_size', axes);
  const strides = options.counts('strides', axes, 1);
  const dilations = options.counts('dilation_rate', axes, 1);
  const window = { size, strides, dilations };
  const words = causal ? (['valid', 'same', 'causal'] as const) : (['valid', 'same'] as const);
  return { ...window, pads: padding(options.word('padding', words, 'valid')) };

  function padding(word: 'valid' | 'same' | 'causal'): Pads {
    switch (word) {
      case 'valid':
        return noPads(axes);
      case 'same':
        return samePads(window, sizes);
      case 'causal':
        return { begin: size.map((length, i) => (length - 1) * (dilations[i] ?? 1)), end: noPads(axes).end };
    }
  }
}

/** Depthwise convolutions have an option `groups` from their base class, and no meaning for it. */
function oneGroup(layer: LayerContext): void {
  const groups = layer.options.count('groups', 1);
  if (groups !== 1) throw unsupported(layer.ref, `option groups = ${groups} is not supported`);
}

function convolutionLayer(classNames: readonly string[], axes: number): LayerDefinition {
  return {
    classNames,
    build(layer, inputs) {
      const { options } = layer;
      const value = overChannelsLast(layer, inputs, axes, (input, shape) => {
        const { size, strides, dilations, pads } = geometry(layer, shape, axes === 1);
        const { channels } = shape;
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
        const layout = 'channelsLast';
        return layer.add(
          { kind: 'conv', kernel, bias, depthwise: false, strides, dilations, groups, pads, layout },
          [input],
        );
      });
      return layer.fusedActivation(value);
    },
  };
}

/** A depthwise convolution of the geometry that the layer's options give. */
function depthwise(window: Window, kernel: Weight, bias: Weight | undefined): ConvOp {
  const { strides, dilations, pads } = window;
  return {
    kind: 'conv',
    kernel,
    bias,
    depthwise: true,
    strides,
    dilations,
    groups: 1,
    pads,
    layout: 'channelsLast',
  };
}

function depthwiseLayer(classNames: readonly string[], axes: number): LayerDefinition {
  return {
    classNames,
    build(layer, inputs) {
      const { options } = layer;
      const multiplier = options.count('depth_multiplier', 1);
      oneGroup(layer);
      // Keras 2 wrote this option of the base class too, where it means nothing.
      options.ignore('filters');
      const value = overChannelsLast(layer, inputs, axes, (input, shape) => {
        const { channels } = shape;
        const window = geometry(layer, shape);
        const { depthwise_kernel, bias } = layer.weights({
          depthwise_kernel: [...window.size, channels, multiplier],
          bias: options.flag('use_bias', true) ? [channels * multiplier] : undefined,
        });
        return layer.add(depthwise(window, depthwise_kernel, bias), [input]);
      });
      return layer.fusedActivation(value);
    },
  };
}

function separableLayer(classNames: readonly string[], axes: number): LayerDefinition {
  return {
    classNames,
    build(layer, inputs) {
      const { options } = layer;
      const filters = options.count('filters');
      const multiplier = options.count('depth_multiplier', 1);
      oneGroup(layer);
      const value = overChannelsLast(layer, inputs, axes, (input, shape): Value => {
        const { channels } = shape;
        const window = geometry(layer, shape);
        const ones = new Array<number>(axes).fill(1);
        const { depthwise_kernel, pointwise_kernel, bias } = layer.weights({
          depthwise_kernel: [...window.size, channels, multiplier],
          pointwise_kernel: [...ones, channels * multiplier, filters],
          bias: options.flag('use_bias', true) ? [filters] : undefined,
        });
        const planes = layer.add(depthwise(window, depthwise_kernel, undefined), [input]);
        return layer.add(pointwise(pointwise_kernel, bias), [planes]);
      });
      return layer.fusedActivation(value);
    },
  };
}

export const convolutionLayers: readonly LayerDefinition[] = [
  convolutionLayer(['Conv1D', 'Convolution1D'], 1),
  convolutionLayer(['Conv2D', 'Convolution2D'], 2),
  convolutionLayer(['Conv3D', 'Convolution3D'], 3),
  depthwiseLayer(['DepthwiseConv1D'], 1),
  depthwiseLayer(['DepthwiseConv2D'], 2),
  separableLayer(['SeparableConv1D', 'SeparableConvolution1D'], 1),
  separableLayer(['SeparableConv2D', 'SeparableConvolution2D'], 2),
];
