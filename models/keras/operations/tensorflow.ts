/**
 * Functions of TensorFlow that stand in files of tf.keras 2 where a model uses them between its layers: the layers
 * TFOpLambda (`tf.math.multiply`, `x + 1`) and SlicingOpLambda (`x[:, 1:]`), by the name of the function.
 */
import type { Value } from '../../graph/ops/definition.ts';
import type { ElementwiseFunction } from '../../graph/ops/elementwise.ts';
import type { ReduceOp } from '../../graph/ops/reducing.ts';
import { INTERPOLATIONS } from '../../graph/ops/resize.ts';
import { at } from '../../graph/weight.ts';
import { unsupported } from '../../model-error.ts';
import { isList, show } from '../config/json.ts';
import type { LayerContext, LayerDefinition } from '../layers/definition.ts';
import { asTruth, clipped, power, select } from './arithmetic.ts';
import { axesOf, axisOf, reduced } from './axes.ts';
import { parseConstant, typeOf } from './constants.ts';
import { resized, surrounded } from './images.ts';
import { indexed } from './indexing.ts';
import { activated, normalized, softmax } from './neural.ts';
import {
  binary,
  cast,
  combine,
  constantOperand,
  operand,
  requiredOperand,
  reshaped,
  unary,
  valueOperand,
} from './operands.ts';
import { limited, tensor, wholes } from './operation.ts';
import { matrixProduct } from './products.ts';
import { variance } from './reductions.ts';
import {
  concatenated,
  divided,
  expanded,
  gathered,
  part,
  permuted,
  reshapedTo,
  squeezed,
  stacked,
  tensorList,
  tiled,
} from './shapes.ts';

type Build = (layer: LayerContext) => Value | readonly Value[];

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
function number(layer: LayerContext, name: string, position: number, fallback: number): number {
  const value = layer.arguments.literal(name, position) ?? fallback;
  if (typeof value === 'number') return value;
  throw unsupported(layer.ref, `is called with ${name} = ${show(value)}, which is not a number`);
}

function flag(layer: LayerContext, name: string, position: number): boolean {
  return layer.arguments.literal(name, position) === true;
}

/** Arguments that have to keep their default. */
function defaults(layer: LayerContext, values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    const given = layer.arguments.literal(name) ?? value;
    if (given !== value) throw unsupported(layer.ref, `is called with ${name} = ${show(given)}`);
  }
}

function activationOf(fn: Parameters<typeof activated>[1], argument = 'features'): Build {
  return (layer) => activated(layer, fn, tensor(layer, argument));
}

const relu = (maxValue?: number, negativeSlope = 0): Parameters<typeof activated>[1] => ({
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

function padded(layer: LayerContext): Value {
  const value = tensor(layer, 'tensor');
  const paddings = layer.arguments.literal('paddings', 1);
  const mode = layer.arguments.literal('mode', 2) ?? 'CONSTANT';
  const fill = number(layer, 'constant_values', 3, 0);
  const constant = parseConstant(layer.ref, paddings);
  if (mode !== 'CONSTANT' || constant?.shape.join() !== `${value.shape.length + 1},2`) {
    throw unsupported(layer.ref, `pads by ${show(paddings)} in mode ${show(mode)}`);
  }
  const [before, after, ...rest] = constant.data;
  if (before !== 0 || after !== 0) throw unsupported(layer.ref, 'pads the batch');
  const begin = rest.filter((_, i) => i % 2 === 0);
  return surrounded(layer, value, { begin, end: rest.filter((_, i) => i % 2 === 1) }, fill);
}

function imageResized(layer: LayerContext): Value {
  const image = cast(layer, tensor(layer, 'images'), 'float32');
  const [height, width] = wholes(layer, 'size', layer.arguments.literal('size', 1));
  const method = layer.arguments.literal('method', 2) ?? 'bilinear';
  const interpolation = INTERPOLATIONS.find((name) => name === String(method).toLowerCase());
  if (interpolation === undefined || height === undefined || width === undefined) {
    throw unsupported(layer.ref, `resizes by ${show(method)}`);
  }
  defaults(layer, { preserve_aspect_ratio: false });
  const antialias = flag(layer, 'antialias', 4);
  return resized(layer, image, {
    size: [height, width],
    interpolation,
    antialias,
    fit: 'stretch',
    fillValue: 0,
  });
}

function splitInto(layer: LayerContext): readonly Value[] {
  const value = tensor(layer, 'value');
  const sizes = layer.arguments.literal('num_or_size_splits', 1);
  const axis = number(layer, 'axis', 2, 0);
  if (!isList(sizes)) return divided(layer, value, sizes, axis);
  // TensorFlow states lengths where Keras states positions.
  let end = 0;
  const ends = wholes(layer, 'num_or_size_splits', sizes).map((size) => {
    end += size;
    return end;
  });
  return divided(layer, value, ends.slice(0, -1), axis);
}

function product(layer: LayerContext): Value {
  defaults(layer, { adjoint_a: false, adjoint_b: false, a_is_sparse: false, b_is_sparse: false });
  const sides = [
    { item: requiredOperand(layer, 'a', 0), transpose: flag(layer, 'transpose_a', 2) },
    { item: requiredOperand(layer, 'b', 1), transpose: flag(layer, 'transpose_b', 3) },
  ].map(({ item, transpose }) => {
    if (!transpose) return item;
    if (item.kind === 'constant' || item.value.shape.length < 2) {
      throw unsupported(layer.ref, 'transposes a constant, or the batch');
    }
    const order = item.value.shape.map((_, axis) => axis);
    const swapped = [...order.slice(0, -2), order.length - 1, order.length - 2];
    return valueOperand(layer.add({ kind: 'transpose', order: swapped }, [item.value]));
  });
  const [left, right] = sides;
  if (left === undefined || right === undefined) throw unsupported(layer.ref, 'takes two operands');
  return matrixProduct(layer, left, right);
}

const FUNCTIONS: Readonly<Record<string, Build>> = {
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
  clip_by_value: (layer) =>
    clipped(
      layer,
      tensor(layer, 't'),
      operand(layer, 'clip_value_min', 1),
      operand(layer, 'clip_value_max', 2),
    ),
  cast: (layer) => {
    const dtype = layer.arguments.literal('dtype', 1);
    if (typeof dtype !== 'string') throw unsupported(layer.ref, `casts to ${show(dtype)}`);
    const value = tensor(layer, 'x');
    const to = typeOf(layer.ref, dtype);
    const truth = asTruth(layer, valueOperand(value));
    return to === 'bool' && truth.kind === 'value' ? truth.value : cast(layer, value, to);
  },
  concat: (layer) =>
    concatenated(layer, tensorList(layer, layer.arguments.get('values', 0)), number(layer, 'axis', 1, 0)),
  convert_to_tensor: (layer) => tensor(layer, 'value'),
  expand_dims: (layer) => expanded(layer, tensor(layer, 'input'), [number(layer, 'axis', 1, 0)]),
  gather: (layer) => {
    const value = tensor(layer, 'params');
    defaults(layer, { batch_dims: 0, validate_indices: null });
    const indices = parseConstant(layer.ref, layer.arguments.literal('indices', 1));
    if (indices === undefined) throw unsupported(layer.ref, 'gathers by a tensor');
    const axis = axisOf(layer, number(layer, 'axis', 3, 0), value.shape.length);
    return reshaped(
      layer,
      gathered(layer, value, axis, [...indices.data]),
      value.shape.toSpliced(axis, 1, ...indices.shape),
    );
  },
  identity: (layer) => tensor(layer, 'input'),
  'image.resize': imageResized,
  'linalg.l2_normalize': l2Normalized,
  'linalg.matmul': product,
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
  'nn.bias_add': (layer) => {
    defaults(layer, { data_format: null });
    return combine(layer, 'add', requiredOperand(layer, 'value', 0), requiredOperand(layer, 'bias', 1));
  },
  'nn.elu': activationOf({ name: 'elu', alpha: 1 }),
  'nn.gelu': (layer) => {
    const approximate = flag(layer, 'approximate', 1);
    return activated(layer, { name: 'gelu', approximate }, tensor(layer, 'features'));
  },
  'nn.leaky_relu': (layer) =>
    activated(layer, relu(undefined, number(layer, 'alpha', 1, 0.2)), tensor(layer, 'features')),
  'nn.relu': activationOf(relu()),
  'nn.relu6': activationOf(relu(6)),
  'nn.selu': activationOf({ name: 'selu' }),
  'nn.silu': swish,
  'nn.softsign': activationOf({ name: 'softsign' }),
  'nn.swish': swish,
  one_hot: (layer) => {
    const value = cast(layer, tensor(layer, 'indices'), 'int32');
    defaults(layer, { on_value: null, off_value: null, axis: null, dtype: null });
    const depth = number(layer, 'depth', 1, 0);
    const data = Float32Array.from({ length: limited(layer, Math.max(1, depth)) }, (_, i) => i);
    const classes = constantOperand({ shape: [data.length], data, type: 'int32' });
    const raised = reshaped(layer, value, [...value.shape, 1]);
    return cast(layer, combine(layer, 'equal', valueOperand(raised), classes), 'float32');
  },
  pad: padded,
  reshape: (layer) => reshapedTo(layer, tensor(layer, 'tensor'), layer.arguments.literal('shape', 1)),
  reverse: (layer) => {
    const value = tensor(layer, 'tensor');
    return wholes(layer, 'axis', layer.arguments.literal('axis', 1)).reduce((current, raw) => {
      const axis = axisOf(layer, raw, value.shape.length);
      const count = at(value.shape, axis);
      return layer.add({ kind: 'slice', ranges: [{ axis, start: count - 1, count, step: -1 }] }, [current]);
    }, value);
  },
  split: splitInto,
  squeeze: (layer) => squeezed(layer, tensor(layer, 'input'), layer.arguments.literal('axis', 1)),
  stack: (layer) =>
    stacked(layer, tensorList(layer, layer.arguments.get('values', 0)), number(layer, 'axis', 1, 0)),
  stop_gradient: (layer) => tensor(layer, 'input'),
  tile: (layer) =>
    tiled(layer, tensor(layer, 'input'), wholes(layer, 'multiples', layer.arguments.literal('multiples', 1))),
  transpose: (layer) => {
    defaults(layer, { conjugate: false });
    return permuted(layer, tensor(layer, 'a'), wholes(layer, 'perm', layer.arguments.literal('perm', 1)));
  },
  unstack: (layer) => {
    const value = tensor(layer, 'value');
    const axis = axisOf(layer, number(layer, 'axis', 2, 0), value.shape.length);
    layer.arguments.literal('num', 1);
    const shape = value.shape.toSpliced(axis, 1);
    return Array.from({ length: at(value.shape, axis) }, (_, i) =>
      reshaped(layer, part(layer, value, axis, i, 1), shape),
    );
  },
  where: (layer) =>
    select(
      layer,
      requiredOperand(layer, 'condition', 0),
      requiredOperand(layer, 'x', 1),
      requiredOperand(layer, 'y', 2),
    ),
};

function swish(layer: LayerContext): Value {
  const value = tensor(layer, 'features');
  const beta = number(layer, 'beta', 1, 1);
  if (beta === 1) return activated(layer, { name: 'silu' }, value);
  const gate = activated(layer, { name: 'sigmoid' }, binary(layer, 'multiply', value, beta));
  return binary(layer, 'multiply', value, gate);
}

/** x · min(1/√(sum of squares), 1/√ε). */
function l2Normalized(layer: LayerContext): Value {
  const value = cast(layer, tensor(layer, 'x'), 'float32');
  const axes = axesOf(layer, layer.arguments.literal('axis', 1), value.shape.length);
  const epsilon = number(layer, 'epsilon', 2, 1e-12);
  return normalized(layer, value, axes, 2, Math.sqrt(epsilon));
}

export const tensorflowLayers: readonly LayerDefinition[] = [
  {
    classNames: ['TFOpLambda'],
    takesIntegers: true,
    build(layer) {
      const name = layer.options.raw('function');
      const found = typeof name === 'string' && Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
      if (found === undefined)
        throw unsupported(layer.ref, `the function tf.${String(name)} is not supported`);
      // The name that the call gives its result.
      layer.arguments.get('name');
      return found(layer);
    },
  },
  {
    classNames: ['SlicingOpLambda'],
    takesIntegers: true,
    build(layer) {
      layer.options.word('function', ['__operators__.getitem'], '__operators__.getitem');
      layer.arguments.get('name');
      const value = tensor(layer, 'tensor');
      const given = layer.arguments.get('slice_spec', 1);
      if (given?.kind !== 'literal')
        throw unsupported(layer.ref, 'takes parts of a tensor by another tensor');
      return indexed(layer, value, given.value);
    },
  },
];
