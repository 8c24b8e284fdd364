/** Operations of `keras.ops.nn`: activations, normalization, what layers do. */
import type { ActivationFunction } from '../../graph/ops/activation.ts';
import type { Value } from '../../graph/ops/definition.ts';
import { at, Weight } from '../../graph/weight.ts';
import { unsupported } from '../../model-error.ts';
import { isList } from '../config/json.ts';
import type { LayerContext, LayerDefinition } from '../layers/definition.ts';
import { poolingLayers } from '../layers/pooling.ts';
import { axesOf, axisOf, reduced } from './axes.ts';
import { featureActivation, softmaxOver } from './feature-activations.ts';
import { binary, cast, combine, constantOperand, operand, unary, valueOperand } from './operands.ts';
import { operation, tensor } from './operation.ts';

type Make = (layer: LayerContext) => ActivationFunction;

const relu = (maxValue?: number, negativeSlope = 0): ActivationFunction => ({
  name: 'relu',
  maxValue,
  negativeSlope,
  threshold: 0,
});

const ACTIVATIONS: Readonly<Record<string, Make>> = {
  Celu: ({ options }) => ({ name: 'celu', alpha: options.number('alpha', 1) }),
  Elu: ({ options }) => ({ name: 'elu', alpha: options.number('alpha', 1) }),
  Gelu: ({ options }) => ({ name: 'gelu', approximate: options.flag('approximate', true) }),
  HardShrink: ({ options }) => ({ name: 'hardShrink', threshold: options.number('threshold', 0.5) }),
  HardSigmoid: () => ({ name: 'hardSigmoid', slope: 1 / 6 }),
  HardSilu: () => ({ name: 'hardSilu', slope: 1 / 6 }),
  HardTanh: () => ({ name: 'hardTanh' }),
  LeakyRelu: ({ options }) => relu(undefined, options.number('negative_slope', 0.2)),
  LogSigmoid: () => ({ name: 'logSigmoid' }),
  Relu: () => relu(),
  Relu6: () => relu(6),
  Selu: () => ({ name: 'selu' }),
  Sigmoid: () => ({ name: 'sigmoid' }),
  Silu: () => ({ name: 'silu' }),
  SoftShrink: ({ options }) => ({ name: 'softShrink', threshold: options.number('threshold', 0.5) }),
  Softplus: () => ({ name: 'softplus' }),
  Softsign: () => ({ name: 'softsign' }),
  SparsePlus: () => ({ name: 'sparsePlus' }),
  SparseSigmoid: () => ({ name: 'sparseSigmoid' }),
  Squareplus: ({ options }) => ({ name: 'squareplus', b: options.number('b', 4) }),
  Tanh: () => ({ name: 'tanh' }),
  TanhShrink: () => ({ name: 'tanhShrink' }),
  Threshold: ({ options }) => ({
    name: 'threshold',
    threshold: options.number('threshold', 0),
    otherwise: options.number('default_value', 0),
  }),
};

/** An activation of a tensor of any type. */
export function activated(layer: LayerContext, fn: ActivationFunction, value: Value): Value {
  return layer.add({ kind: 'activation', fn }, [cast(layer, value, 'float32')]);
}

export function softmax(layer: LayerContext, value: Value, raw: unknown, log: boolean): Value {
  const floats = cast(layer, value, 'float32');
  const axes = axesOf(layer, raw, floats.shape.length);
  const [axis, ...others] = axes;
  if (axis !== undefined && others.length === 0) return layer.add({ kind: 'softmax', axis, log }, [floats]);
  if (log) throw unsupported(layer.ref, 'the logarithm of a softmax over several axes is not supported');
  return softmaxOver(layer, floats, axes);
}

/** Vectors over their length. */
export function normalized(
  layer: LayerContext,
  value: Value,
  axes: readonly number[],
  order: number,
  epsilon: number,
): Value {
  if (order === 2) {
    const squares = reduced(layer, 'sum', unary(layer, 'square', value), axes, true);
    return binary(
      layer,
      'multiply',
      value,
      binary(layer, 'minimum', unary(layer, 'rsqrt', squares), 1 / epsilon),
    );
  }
  const powers = combine(layer, 'power', valueOperand(unary(layer, 'abs', value)), constantOperand(order));
  const sum = reduced(layer, 'sum', powers, axes, true);
  const length = combine(layer, 'power', valueOperand(sum), constantOperand(1 / order));
  return binary(layer, 'divide', value, binary(layer, 'maximum', length, epsilon));
}

/** (x − mean) / √(variance + ε) · scale + offset, each of them a tensor or a constant along an axis. */
function batchNormalized(layer: LayerContext): Value {
  const value = cast(layer, tensor(layer), 'float32');
  const axis = axisOf(layer, layer.options.raw('axis'), value.shape.length);
  const along = (name: string, position: number) => {
    const found = operand(layer, name, position);
    if (found === undefined) return undefined;
    if (found.kind === 'value')
      throw unsupported(layer.ref, `${name} is a tensor; only constants are supported`);
    const shape = value.shape.map((size, other) => (other === axis ? size : 1));
    return { ...found.constant, shape, type: 'float32' } as const;
  };
  const mean = along('mean', 1);
  const variance = along('variance', 2);
  if (mean === undefined || variance === undefined)
    throw unsupported(layer.ref, 'is called without statistics');
  const epsilon = layer.options.number('epsilon', 1e-3);
  const deviation = { ...variance, data: variance.data.map((number) => Math.sqrt(number + epsilon)) };
  const centred = combine(layer, 'subtract', valueOperand(value), constantOperand(mean));
  let result = combine(layer, 'divide', valueOperand(centred), constantOperand(deviation));
  const offset = along('offset', 3);
  const scale = along('scale', 4);
  if (scale !== undefined) result = combine(layer, 'multiply', valueOperand(result), constantOperand(scale));
  return offset === undefined ? result : combine(layer, 'add', valueOperand(result), constantOperand(offset));
}

/** What LayerNormalization and RMSNormalization do, with factors that are constants. */
function featureNormalized(mode: 'full' | 'rms') {
  return (layer: LayerContext): Value => {
    const value = cast(layer, tensor(layer), 'float32');
    const axes = axesOf(layer, layer.options.raw('axis') ?? -1, value.shape.length);
    const lengths = axes.map((axis) => at(value.shape, axis));
    const factors = (name: string, position: number): Weight | undefined => {
      const found = operand(layer, name, position);
      if (found === undefined) return undefined;
      if (found.kind === 'value')
        throw unsupported(layer.ref, `${name} is a tensor; only constants are supported`);
      return new Weight(`${layer.ref.name}/${name}`, lengths, found.constant.data);
    };
    const trailing = axes.every((axis, i) => axis === value.shape.length - axes.length + i);
    const gamma = factors(mode === 'rms' ? 'scale' : 'gamma', 1);
    const beta = mode === 'rms' ? undefined : factors('beta', 2);
    if (mode === 'rms' && gamma !== undefined && !trailing) {
      throw unsupported(layer.ref, 'a scale along other axes than the last ones is not supported');
    }
    const epsilon = layer.options.number('epsilon', 1e-7);
    const variance = mode === 'full' && layer.options.flag('rms_scaling', false);
    const op = { kind: 'layerNormalization', axes, gamma, beta, epsilon } as const;
    return layer.add({ ...op, mode: variance ? 'variance' : mode }, [value]);
  };
}

/** Blocks of pixels become channels, or channels become blocks. */
function blocks(direction: 'toDepth' | 'toSpace') {
  return (layer: LayerContext): Value => {
    const value = tensor(layer);
    const size = layer.options.count('block_size');
    layer.options.word('data_format', ['channels_last'], 'channels_last');
    const [height, width, channels, ...rest] = value.shape;
    const depth = (channels ?? 0) / size ** 2;
    if (height === undefined || width === undefined || channels === undefined || rest.length > 0) {
      throw unsupported(layer.ref, 'takes images');
    }
    const reshape = (shape: number[], from: Value): Value => layer.add({ kind: 'reshape', shape }, [from]);
    const order = { kind: 'transpose', order: [0, 2, 1, 3, 4] } as const;
    if (direction === 'toSpace') {
      if (!Number.isInteger(depth))
        throw unsupported(layer.ref, `${channels} channels make no blocks of ${size}`);
      const split = reshape([height, width, size, size, depth], value);
      const turned = layer.add({ kind: 'transpose', order: [0, 2, 1, 3, 4] }, [split]);
      return reshape([height * size, width * size, depth], turned);
    }
    if (height % size !== 0 || width % size !== 0) {
      throw unsupported(layer.ref, `an image of ${height}×${width} has no blocks of ${size}`);
    }
    const split = reshape([height / size, size, width / size, size, channels], value);
    return reshape([height / size, width / size, channels * size ** 2], layer.add(order, [split]));
  };
}

/** Pooling has the options of the layers; the input says along how many axes. */
function pooling(className: string, layerName: string): LayerDefinition {
  return operation(className, (layer) => {
    const value = cast(layer, layer.arguments.tensor('inputs', 0) ?? tensor(layer), 'float32');
    const name = `${layerName}${value.shape.length - 1}D`;
    const found = poolingLayers.find(({ classNames }) => classNames.includes(name));
    if (found === undefined) throw unsupported(layer.ref, `pools along ${value.shape.length - 1} axes`);
    return found.build(layer, [value]);
  });
}

export const neuralOperations: readonly LayerDefinition[] = [
  ...Object.entries(ACTIVATIONS).map(([name, make]) =>
    operation(name, (layer) => activated(layer, make(layer), tensor(layer))),
  ),
  operation('Softmax', (layer) => softmax(layer, tensor(layer), layer.options.raw('axis') ?? -1, false)),
  operation('LogSoftmax', (layer) => softmax(layer, tensor(layer), layer.options.raw('axis') ?? -1, true)),
  operation('Glu', (layer) =>
    featureActivation(layer, 'glu', layer.options.integer('axis', -1), cast(layer, tensor(layer), 'float32')),
  ),
  operation('Sparsemax', (layer) =>
    featureActivation(
      layer,
      'sparsemax',
      layer.options.integer('axis', -1),
      cast(layer, tensor(layer), 'float32'),
    ),
  ),
  operation('Normalize', (layer) => {
    const value = cast(layer, tensor(layer), 'float32');
    const axes = axesOf(layer, layer.options.raw('axis') ?? -1, value.shape.length);
    const order = layer.options.integer('order', 2);
    if (isList(layer.options.raw('axis')) && order !== 2 && axes.length > 1) {
      throw unsupported(
        layer.ref,
        `order = ${order} over several axes is a norm of matrices, which is not supported`,
      );
    }
    return normalized(layer, value, axes, order, layer.options.number('epsilon', 1e-7));
  }),
  operation('BatchNorm', batchNormalized),
  operation('LayerNorm', featureNormalized('full')),
  operation('RMSNorm', featureNormalized('rms')),
  operation('SpaceToDepth', blocks('toDepth')),
  operation('DepthToSpace', blocks('toSpace')),
  pooling('MaxPool', 'MaxPooling'),
  pooling('AveragePool', 'AveragePooling'),
  pooling('AdaptiveMaxPool', 'AdaptiveMaxPooling'),
  pooling('AdaptiveAveragePool', 'AdaptiveAveragePooling'),
];
