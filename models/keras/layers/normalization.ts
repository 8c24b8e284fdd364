/** Normalization by each row's own statistics. */
import type { Value } from '../../graph/ops/definition.ts';
import { singleInput } from '../../graph/ops/image-input.ts';
import { at } from '../../graph/weight.ts';
import { isList } from '../config/json.ts';
import { axesOf, axisOf } from '../operations/axes.ts';
import { normalized } from '../operations/neural.ts';
import { combine } from '../operations/operands.ts';
import { featureAxis } from './axis.ts';
import type { LayerContext, LayerDefinition } from './definition.ts';

/** The axes of the option `axis`, ascending. */
function axesOption(layer: LayerContext, input: Value): number[] {
  const raw = layer.options.raw('axis') ?? -1;
  const list = isList(raw) ? raw : [raw];
  return axesOf(layer, list, input.shape.length);
}

/** The shape of weights along the axes: Keras sorts these as they are written, -1 before 2. */
function storedShape(layer: LayerContext, input: Value): number[] {
  const raw = layer.options.raw('axis') ?? -1;
  const list = isList(raw) ? raw : [raw];
  const sorted = list.toSorted((a, b) => Number(a) - Number(b));
  return sorted.map((axis) => at(input.shape, axisOf(layer, axis, input.shape.length)));
}

function areTrailing(axes: readonly number[], input: Value): boolean {
  return axes.every((axis, i) => axis === input.shape.length - axes.length + i);
}

const layerNormalization: LayerDefinition = {
  classNames: ['LayerNormalization'],
  build(layer, inputs) {
    const { options } = layer;
    const input = singleInput(inputs, layer.ref);
    const axes = axesOption(layer, input);
    const features = storedShape(layer, input);
    const rms = options.flag('rms_scaling', false);
    const { gamma, beta } = layer.weights({
      gamma: options.flag('scale', true) || rms ? features : undefined,
      beta: options.flag('center', true) && !rms ? features : undefined,
    });
    const epsilon = options.number('epsilon', 1e-3);
    const mode = rms ? 'variance' : 'full';
    return layer.add({ kind: 'layerNormalization', axes, mode, gamma, beta, epsilon }, inputs);
  },
};

const rmsNormalization: LayerDefinition = {
  classNames: ['RMSNormalization'],
  build(layer, inputs) {
    const input = singleInput(inputs, layer.ref);
    const axes = axesOption(layer, input);
    const shape = storedShape(layer, input);
    const { scale } = layer.weights({ scale: shape });
    const epsilon = layer.options.number('epsilon', 1e-6);
    const op = { kind: 'layerNormalization', axes, mode: 'rms', beta: undefined, epsilon } as const;
    if (areTrailing(axes, input)) return layer.add({ ...op, gamma: scale }, inputs);
    // Keras multiplies by the scale as it is, along the last axes, whichever were normalized.
    const normal = layer.add({ ...op, gamma: undefined }, inputs);
    const factor = { kind: 'constant', constant: { shape, data: scale.data, type: 'float32' } } as const;
    return combine(layer, 'multiply', { kind: 'value', value: normal }, factor);
  },
};

const groupNormalization: LayerDefinition = {
  classNames: ['GroupNormalization'],
  build(layer, inputs) {
    const { options } = layer;
    const input = singleInput(inputs, layer.ref);
    const axis = featureAxis(layer, options.integer('axis', -1), input);
    const features = at(input.shape, axis);
    const groups = options.raw('groups') === -1 ? features : options.count('groups', 32);
    const { gamma, beta } = layer.weights({
      gamma: options.flag('scale', true) ? [features] : undefined,
      beta: options.flag('center', true) ? [features] : undefined,
    });
    const epsilon = options.number('epsilon', 1e-3);
    return layer.add({ kind: 'groupNormalization', groups, axis, gamma, beta, epsilon }, inputs);
  },
};

const unitNormalization: LayerDefinition = {
  classNames: ['UnitNormalization'],
  build(layer, inputs) {
    const input = singleInput(inputs, layer.ref);
    return normalized(layer, input, axesOption(layer, input), 2, 1e-12);
  },
};

export const normalizationLayers: readonly LayerDefinition[] = [
  groupNormalization,
  layerNormalization,
  rmsNormalization,
  unitNormalization,
];
