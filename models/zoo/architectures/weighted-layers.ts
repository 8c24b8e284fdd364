/** Which layers of an architecture have weights, and of which shapes: what a file of weights alone is matched against. */

import { isList, isRecord, type Json } from '../../keras/config/json.ts';
import { compilerDefect } from '../../model-error.ts';

export interface WeightedLayer {
  /** Its name, below those of the models around it. */
  readonly path: readonly string[];
  readonly className: string;
  /** In Keras' order. */
  readonly weights: readonly { readonly role: string; readonly shape: readonly number[] }[];
}

/** The leaf layers with weights of a model that `architectureJson` made, in Keras' order. */
export function weightedLayers(model: unknown): WeightedLayer[] {
  const config = isRecord(model) && isRecord(model.config) ? model.config : {};
  return layersOf(config).flatMap((layer) => leavesOf(layer, inputShape(layer), []));
}

function layersOf({ layers }: Json): Json[] {
  return isList(layers) ? layers.filter(isRecord) : [];
}

function leavesOf(layer: Json, input: readonly number[], around: readonly string[]): WeightedLayer[] {
  const config = isRecord(layer.config) ? layer.config : {};
  const className = String(layer.class_name);
  const path = [...around, String(config.name)];
  if (className === 'Sequential') {
    // Within a chain a layer's input is as deep as the convolution before it made it.
    let shape = input;
    return layersOf(config).flatMap((inner) => {
      const leaves = leavesOf(inner, shape, path);
      const options = isRecord(inner.config) ? inner.config : {};
      if (typeof options.filters === 'number') shape = [...shape.slice(0, -1), options.filters];
      return leaves;
    });
  }
  const weights = weightsOf(className, config, input.at(-1) ?? 0);
  return weights.length === 0 ? [] : [{ path, className, weights }];
}

function inputShape(layer: Json): number[] {
  const [call] = isList(layer.inbound_nodes) ? layer.inbound_nodes : [];
  const args = isRecord(call) && isList(call.args) ? call.args : [];
  const [first] = isList(args[0]) ? args[0] : args;
  const tensor = isRecord(first) && isRecord(first.config) ? first.config.shape : undefined;
  return isList(tensor) ? tensor.slice(1).map(Number) : [];
}

/** @param depth channels of the layer's input */
function weightsOf(className: string, config: Json, depth: number): WeightedLayer['weights'] {
  const numbers = (name: string): number[] => {
    const value = config[name];
    const list = isList(value) ? value : [value];
    return list.map((item) => {
      if (typeof item !== 'number') throw compilerDefect(`${className} has no ${name}`);
      return item;
    });
  };
  const weight = (role: string, shape: readonly number[], present: unknown = true) =>
    present === true ? [{ role, shape }] : [];
  switch (className) {
    case 'Conv2D': {
      const [groups = 1] = numbers('groups');
      const filters = numbers('filters');
      const kernel = [...numbers('kernel_size'), depth / groups, ...filters];
      return [...weight('kernel', kernel), ...weight('bias', filters, config.use_bias)];
    }
    case 'DepthwiseConv2D':
      return [
        ...weight('depthwise_kernel', [...numbers('kernel_size'), depth, 1]),
        ...weight('bias', [depth], config.use_bias),
      ];
    case 'SeparableConv2D': {
      const filters = numbers('filters');
      return [
        ...weight('depthwise_kernel', [...numbers('kernel_size'), depth, 1]),
        ...weight('pointwise_kernel', [1, 1, depth, ...filters]),
        ...weight('bias', filters, config.use_bias),
      ];
    }
    case 'Dense': {
      const units = numbers('units');
      return [...weight('kernel', [depth, ...units]), ...weight('bias', units, config.use_bias)];
    }
    case 'BatchNormalization':
      return [
        ...weight('gamma', [depth], config.scale),
        ...weight('beta', [depth], config.center),
        ...weight('moving_mean', [depth]),
        ...weight('moving_variance', [depth]),
      ];
    case 'LayerNormalization':
      return [...weight('gamma', [depth]), ...weight('beta', [depth])];
    case 'LayerScale':
      return weight('gamma', [depth]);
    case 'Normalization':
      // With its statistics in the configuration it has none of its own.
      if (config.mean !== null) return [];
      return [...weight('mean', [depth]), ...weight('variance', [depth]), ...weight('count', [])];
    default:
      return [];
  }
}
