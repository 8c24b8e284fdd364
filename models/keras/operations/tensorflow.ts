/**
 * Functions of TensorFlow that stand in files of tf.keras 2 where a model uses them between its layers: the layers
 * TFOpLambda (`tf.math.multiply`, `x + 1`) and SlicingOpLambda (`x[:, 1:]`), by the name of the function.
 */
import type { Value } from '../../graph/ops/definition.ts';
import { INTERPOLATIONS } from '../../graph/ops/resize.ts';
import { at } from '../../graph/weight.ts';
import { unsupported } from '../../model-error.ts';
import { isList, show } from '../config/json.ts';
import type { LayerContext, LayerDefinition } from '../layers/definition.ts';
import { asTruth, clipped, select } from './arithmetic.ts';
import { axisOf } from './axes.ts';
import { parseConstant, typeOf } from './constants.ts';
import { resized, surrounded } from './images.ts';
import { indexed } from './indexing.ts';
import { activated } from './neural.ts';
import {
  binary,
  cast,
  combine,
  constantOperand,
  operand,
  requiredOperand,
  reshaped,
  valueOperand,
} from './operands.ts';
import { type Build, limited, tensor, wholes } from './operation.ts';
import { matrixProduct } from './products.ts';
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
import { activationOf, defaults, flag, MATH_FUNCTIONS, number, relu } from './tensorflow-math.ts';

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
  ...MATH_FUNCTIONS,
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
  'linalg.matmul': product,
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
