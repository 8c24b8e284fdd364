/** Functions of `tf.math`, and what arithmetic on tensors is called in files of tf.keras 2. */
import type { Value } from '../../graph/ops/definition.ts';
import type { ElementwiseFunction } from '../../graph/ops/elementwise.ts';
import type { ReduceOp } from '../../graph/ops/reducing.ts';
import { unsupported } from '../../model-error.ts';
import { show } from '../config/json.ts';
import type { LayerContext } from '../layers/definition.ts';
import { asTruth, power } from './arithmetic.ts';
import { axesOf, axisOf, reduced } from './axes.ts';
import { activated, normalized, softmax } from './neural.ts';
import { cast, combine, requiredOperand, unary } from './operands.ts';
import { type Build, tensor } from './operation.ts';
import { variance } from './reductions.ts';

function unaryOf(fn: ElementwiseFunction, argument = 'x'): Build {
  return (layer) => unary(layer, fn, tensor(layer, argument));
}

function binaryOf(fn: ElementwiseFunction, reversed = false): Build {
  return (layer) => {
    const [x, y] = [requiredOperand(layer, 'x', 0), requiredOperand(layer, 'y', 1)];
    return reversed ? combine(layer, fn, y, x) : combine(layer, fn, x, y);
  };
}

function logicalOf(fn: ElementwiseFunction): Build {
  return (layer) =>
    combine(
      layer,
      fn,
      asTruth(layer, requiredOperand(layer, 'x', 0)),
      asTruth(layer, requiredOperand(layer, 'y', 1)),
    );
}

function powerOf(reversed: boolean): Build {
  return (layer) => {
    const [x, y] = [requiredOperand(layer, 'x', 0), requiredOperand(layer, 'y', 1)];
    return reversed ? power(layer, y, x) : power(layer, x, y);
  };
}

/** An argument that is one number, or its default. */
export function number(layer: LayerContext, name: string, position: number, fallback: number): number {
  const value = layer.arguments.literal(name, position) ?? fallback;
  if (typeof value === 'number') return value;
  throw unsupported(layer.ref, `is called with ${name} = ${show(value)}, which is not a number`);
}

export function flag(layer: LayerContext, name: string, position: number): boolean {
  return layer.arguments.literal(name, position) === true;
}

/** Arguments that have to keep their default. */
export function defaults(layer: LayerContext, values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    const given = layer.arguments.literal(name) ?? value;
    if (given !== value) throw unsupported(layer.ref, `is called with ${name} = ${show(given)}`);
  }
}

export function activationOf(fn: Parameters<typeof activated>[1], argument = 'features'): Build {
  return (layer) => activated(layer, fn, tensor(layer, argument));
}

export const relu = (maxValue?: number, negativeSlope = 0): Parameters<typeof activated>[1] => ({
  name: 'relu',
  maxValue,
  negativeSlope,
  threshold: 0,
});

function reductionOf(fn: ReduceOp['fn']): Build {
  return reducing((layer, value, axes, keep) => reduced(layer, fn, value, axes, keep));
}

function reducing(
  work: (layer: LayerContext, value: Value, axes: readonly number[], keep: boolean) => Value,
): Build {
  return (layer) => {
    const value = tensor(layer, 'input_tensor');
    const axes = axesOf(layer, layer.arguments.literal('axis', 1), value.shape.length);
    return work(layer, cast(layer, value, 'float32'), axes, flag(layer, 'keepdims', 2));
  };
}

function positionOf(fn: 'argMax' | 'argMin'): Build {
  return (layer) => {
    const value = tensor(layer, 'input');
    layer.arguments.get('output_type', 2);
    const axis = axisOf(layer, number(layer, 'axis', 1, 0), value.shape.length);
    return reduced(layer, fn, value, [axis], false);
  };
}

function softmaxOf(log: boolean): Build {
  return (layer) => softmax(layer, tensor(layer, 'logits'), layer.arguments.literal('axis', 1) ?? -1, log);
}

/** x · min(1/√(sum of squares), 1/√ε). */
function l2Normalized(layer: LayerContext): Value {
  const value = cast(layer, tensor(layer, 'x'), 'float32');
  const axes = axesOf(layer, layer.arguments.literal('axis', 1), value.shape.length);
  const epsilon = number(layer, 'epsilon', 2, 1e-12);
  return normalized(layer, value, axes, 2, Math.sqrt(epsilon));
}

export const MATH_FUNCTIONS: Readonly<Record<string, Build>> = {
  '__operators__.add': binaryOf('add'),
  '__operators__.eq': binaryOf('equal'),
  '__operators__.floordiv': binaryOf('floorDivide'),
  '__operators__.mod': binaryOf('mod'),
  '__operators__.mul': binaryOf('multiply'),
  '__operators__.ne': binaryOf('notEqual'),
  '__operators__.neg': unaryOf('negative'),
  '__operators__.pow': powerOf(false),
  '__operators__.radd': binaryOf('add', true),
  '__operators__.rmul': binaryOf('multiply', true),
  '__operators__.rpow': powerOf(true),
  '__operators__.rsub': binaryOf('subtract', true),
  '__operators__.rtruediv': binaryOf('divide', true),
  '__operators__.sub': binaryOf('subtract'),
  '__operators__.truediv': binaryOf('divide'),
  'linalg.l2_normalize': l2Normalized,
  'math.abs': unaryOf('abs'),
  'math.acos': unaryOf('acos'),
  'math.add': binaryOf('add'),
  'math.argmax': positionOf('argMax'),
  'math.argmin': positionOf('argMin'),
  'math.asin': unaryOf('asin'),
  'math.atan': unaryOf('atan'),
  'math.atan2': (layer) =>
    combine(layer, 'atan2', requiredOperand(layer, 'y', 0), requiredOperand(layer, 'x', 1)),
  'math.ceil': unaryOf('ceil'),
  'math.cos': unaryOf('cos'),
  'math.cosh': unaryOf('cosh'),
  'math.cumsum': (layer) => {
    const value = tensor(layer, 'x');
    defaults(layer, { exclusive: false, reverse: false });
    const axis = axisOf(layer, number(layer, 'axis', 1, 0), value.shape.length);
    return layer.add({ kind: 'cumulativeSum', axis }, [value]);
  },
  'math.divide': binaryOf('divide'),
  'math.equal': binaryOf('equal'),
  'math.erf': unaryOf('erf'),
  'math.exp': unaryOf('exp'),
  'math.expm1': unaryOf('expm1'),
  'math.floor': unaryOf('floor'),
  'math.floordiv': binaryOf('floorDivide'),
  'math.floormod': binaryOf('mod'),
  'math.greater': binaryOf('greater'),
  'math.greater_equal': binaryOf('greaterEqual'),
  'math.l2_normalize': l2Normalized,
  'math.less': binaryOf('less'),
  'math.less_equal': binaryOf('lessEqual'),
  'math.log': unaryOf('log'),
  'math.log1p': unaryOf('log1p'),
  'math.log_sigmoid': activationOf({ name: 'logSigmoid' }, 'x'),
  'math.log_softmax': softmaxOf(true),
  'math.logical_and': logicalOf('and'),
  'math.logical_not': (layer) => {
    const truth = asTruth(layer, requiredOperand(layer, 'x', 0));
    return combine(layer, 'not', truth);
  },
  'math.logical_or': logicalOf('or'),
  'math.maximum': binaryOf('maximum'),
  'math.minimum': binaryOf('minimum'),
  'math.mod': binaryOf('mod'),
  'math.multiply': binaryOf('multiply'),
  'math.negative': unaryOf('negative'),
  'math.not_equal': binaryOf('notEqual'),
  'math.pow': powerOf(false),
  'math.reciprocal': unaryOf('reciprocal'),
  'math.reduce_logsumexp': reductionOf('logSumExp'),
  'math.reduce_max': reductionOf('max'),
  'math.reduce_mean': reductionOf('mean'),
  'math.reduce_min': reductionOf('min'),
  'math.reduce_prod': reductionOf('product'),
  'math.reduce_std': reducing((layer, value, axes, keep) =>
    unary(layer, 'sqrt', variance(layer, value, axes, keep)),
  ),
  'math.reduce_sum': reductionOf('sum'),
  'math.reduce_variance': reducing(variance),
  'math.round': unaryOf('round'),
  'math.rsqrt': unaryOf('rsqrt'),
  'math.sigmoid': activationOf({ name: 'sigmoid' }, 'x'),
  'math.sign': unaryOf('sign'),
  'math.sin': unaryOf('sin'),
  'math.sinh': unaryOf('sinh'),
  'math.softmax': softmaxOf(false),
  'math.softplus': activationOf({ name: 'softplus' }),
  'math.sqrt': unaryOf('sqrt'),
  'math.square': unaryOf('square'),
  'math.squared_difference': (layer) =>
    unary(
      layer,
      'square',
      combine(layer, 'subtract', requiredOperand(layer, 'x', 0), requiredOperand(layer, 'y', 1)),
    ),
  'math.subtract': binaryOf('subtract'),
  'math.tan': unaryOf('tan'),
  'math.tanh': activationOf({ name: 'tanh' }, 'x'),
  'math.truediv': binaryOf('divide'),
};
