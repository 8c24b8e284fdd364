/** Operations that move numbers without changing them. */
import type { Value } from '../../graph/ops/definition.ts';
import { at, elementCount, Weight } from '../../graph/weight.ts';
import { invalidLayer, unsupported } from '../../model-error.ts';
import { isList, show } from '../config/json.ts';
import type { CallArgument } from '../layers/arguments.ts';
import type { LayerContext, LayerDefinition } from '../layers/definition.ts';
import { axisOf, batchAxis, withAxis } from './axes.ts';
import { type Constant, typeOf } from './constants.ts';
import { cast, reshaped, toOperand } from './operands.ts';
import { limited, operation, tensor, whole, wholes } from './operation.ts';

/** A shape that an operation asks for, the batch first; at most one size is -1. */
export function reshapedTo(layer: LayerContext, value: Value, target: unknown): Value {
  if (!isList(target) || target.length === 0) throw invalidLayer(layer.ref, `its shape is ${show(target)}`);
  const [batch, ...sizes] = target.map((size) => (size === null ? null : whole(layer, 'shape', size)));
  const total = elementCount(value.shape);
  const known = elementCount(sizes.map((size) => (size === -1 || size === null ? 1 : size)));
  const open = sizes.filter((size) => size === -1 || size === null).length;
  // The batch is free: it can only be the size that is left open, or what it was.
  if (
    (batch !== -1 && batch !== null) ||
    open > 1 ||
    (open === 0 && known !== total) ||
    total % known !== 0
  ) {
    throw unsupported(
      layer.ref,
      `reshapes (batch, ${value.shape.join(', ')}) to ${show(target)}, which mixes rows of the batch`,
      'Keep the batch as the first axis, with size -1.',
    );
  }
  if (open === 1 && batch === -1) throw batchAxis(layer);
  return reshaped(
    layer,
    value,
    sizes.map((size) => (size === -1 || size === null ? total / known : size)),
  );
}

/** Axes in another order, the batch first as it was. */
export function permuted(layer: LayerContext, value: Value, axes: readonly number[]): Value {
  const rank = value.shape.length;
  const order = axes.map((axis) => (axis < 0 ? axis + rank + 1 : axis));
  const complete = order.length === rank + 1 && new Set(order).size === order.length;
  if (!complete || order.some((axis) => axis < 0 || axis > rank)) {
    throw invalidLayer(layer.ref, `cannot order ${rank + 1} axes as ${axes.join(', ')}`);
  }
  if (order[0] !== 0) throw batchAxis(layer);
  return layer.add({ kind: 'transpose', order: order.slice(1).map((axis) => axis - 1) }, [value]);
}

/** The operands of a list argument as tensors of one type: constants are repeated for every row. */
export function tensorList(layer: LayerContext, argument: CallArgument | undefined): Value[] {
  const items = argument?.kind === 'list' ? argument.items : argument === undefined ? [] : [argument];
  const operands = items.map((item) => toOperand(layer, item));
  const first = operands.find((item) => item?.kind === 'value');
  if (first?.kind !== 'value') throw unsupported(layer.ref, 'is called without a tensor');
  const values = operands.map((item) => {
    if (item === undefined) throw unsupported(layer.ref, 'is called with something that is no tensor');
    return item.kind === 'value' ? item.value : repeated(layer, first.value, item.constant);
  });
  const types = new Set(values.map(({ type }) => type));
  const [only] = types;
  const type = types.size === 1 && only !== undefined ? only : types.has('float32') ? 'float32' : 'int32';
  return values.map((value) => cast(layer, value, type));
}

/** A constant, whose first axis has to be of length 1, for every row of a tensor. */
function repeated(layer: LayerContext, like: Value, constant: Constant): Value {
  const [batch, ...shape] = constant.shape;
  if (batch !== 1) throw batchAxis(layer);
  return constantLike(layer, like, shape, constant);
}

export function constantLike(
  layer: LayerContext,
  like: Value,
  shape: readonly number[],
  { data, type }: Pick<Constant, 'data' | 'type'>,
): Value {
  return layer.add({ kind: 'constant', value: new Weight(`${layer.ref.name}/constant`, shape, data), type }, [
    like,
  ]);
}

export function concatenated(layer: LayerContext, values: readonly Value[], axis: unknown): Value {
  const rank = values[0]?.shape.length ?? 0;
  const index = axisOf(layer, axis, rank);
  const [only] = values;
  return values.length === 1 && only !== undefined
    ? only
    : layer.add({ kind: 'concat', axis: index }, values);
}

export function stacked(layer: LayerContext, values: readonly Value[], axis: unknown): Value {
  const rank = values[0]?.shape.length ?? 0;
  const index = axisOf(layer, axis, rank + 1);
  const raised = values.map((value) => withAxis(layer, value, index));
  return concatenated(layer, raised, index + 1);
}

/** A part of an axis. */
export function part(layer: LayerContext, value: Value, axis: number, start: number, count: number): Value {
  if (start === 0 && count === value.shape[axis]) return value;
  return layer.add({ kind: 'slice', ranges: [{ axis, start, count, step: 1 }] }, [value]);
}

/** Parts of an axis, at given positions or all of one length. */
export function divided(layer: LayerContext, value: Value, sections: unknown, rawAxis: unknown): Value[] {
  const axis = axisOf(layer, rawAxis, value.shape.length);
  const length = at(value.shape, axis);
  let ends: number[];
  if (isList(sections)) {
    ends = [...wholes(layer, 'indices', sections).map((end) => (end < 0 ? end + length : end)), length];
  } else {
    const count = whole(layer, 'sections', sections);
    if (count < 1 || length % count !== 0) {
      throw invalidLayer(layer.ref, `does not divide ${length} positions into ${count} parts`);
    }
    ends = Array.from({ length: count }, (_, i) => ((i + 1) * length) / count);
  }
  return ends.map((end, i) => part(layer, value, axis, ends[i - 1] ?? 0, end - (ends[i - 1] ?? 0)));
}

/** Positions of an axis in any order and number. */
export function gathered(layer: LayerContext, value: Value, axis: number, indices: readonly number[]): Value {
  const length = at(value.shape, axis);
  const positions = indices.map((index) => (index < 0 ? index + length : index));
  if (positions.some((index) => index < 0 || index >= length)) {
    throw invalidLayer(layer.ref, `takes positions that an axis of ${length} does not have`);
  }
  const unchanged = positions.length === length && positions.every((index, i) => index === i);
  return unchanged ? value : layer.add({ kind: 'gather', indices: positions, axis }, [value]);
}

export function expanded(layer: LayerContext, value: Value, axes: readonly number[]): Value {
  const rank = value.shape.length + axes.length;
  const places = axes.map((axis) => axisOf(layer, axis, rank)).toSorted((a, b) => a - b);
  return places.reduce((current, axis) => withAxis(layer, current, axis), value);
}

export function squeezed(layer: LayerContext, value: Value, raw: unknown): Value {
  const { shape } = value;
  const chosen =
    raw === null || raw === undefined || (isList(raw) && raw.length === 0)
      ? shape.flatMap((size, axis) => (size === 1 ? [axis] : []))
      : wholes(layer, 'axis', raw).map((axis) => axisOf(layer, axis, shape.length));
  const long = chosen.find((axis) => shape[axis] !== 1);
  if (long !== undefined)
    throw invalidLayer(layer.ref, `squeezes axis ${long + 1}, which is ${shape[long]} long`);
  return reshaped(
    layer,
    value,
    shape.filter((_, axis) => !chosen.includes(axis)),
  );
}

/** Every position so many times, one after another. */
function repeatedPositions(layer: LayerContext): Value {
  const value = tensor(layer);
  const axis = axisOf(layer, layer.options.raw('axis'), value.shape.length);
  const repeats = wholes(layer, 'repeats', layer.options.raw('repeats'));
  const times = (position: number): number => repeats[repeats.length === 1 ? 0 : position] ?? 0;
  const length = at(value.shape, axis);
  if (repeats.some((count) => count < 0)) throw invalidLayer(layer.ref, 'repeats less than nothing');
  limited(layer, Math.max(0, ...repeats) * length);
  const indices = Array.from({ length }, (_, i) => new Array<number>(times(i)).fill(i));
  return gathered(layer, value, axis, indices.flat());
}

/** The whole tensor so many times along each axis. */
export function tiled(layer: LayerContext, value: Value, repeats: readonly number[]): Value {
  const rank = value.shape.length + 1;
  const counts = [...new Array<number>(Math.max(0, rank - repeats.length)).fill(1), ...repeats];
  if (counts.length > rank || counts[0] !== 1) throw batchAxis(layer);
  return counts.slice(1).reduce((current, count, axis) => {
    const length = at(current.shape, axis);
    return gathered(
      layer,
      current,
      axis,
      Array.from({ length: limited(layer, length * count) }, (_, i) => i % length),
    );
  }, value);
}

function flipped(layer: LayerContext): Value {
  const value = tensor(layer);
  const raw = layer.options.raw('axis');
  if (raw === null) throw batchAxis(layer);
  return wholes(layer, 'axis', raw).reduce((current, axis) => {
    const index = axisOf(layer, axis, value.shape.length);
    const count = at(value.shape, index);
    return layer.add({ kind: 'slice', ranges: [{ axis: index, start: count - 1, count, step: -1 }] }, [
      current,
    ]);
  }, value);
}

function rolled(layer: LayerContext): Value {
  const value = tensor(layer);
  const axes = wholes(layer, 'axis', layer.options.raw('axis') ?? batchOnly(layer));
  const shifts = wholes(layer, 'shift', layer.options.raw('shift'));
  return axes.reduce((current, rawAxis, i) => {
    const axis = axisOf(layer, rawAxis, value.shape.length);
    const length = at(value.shape, axis);
    const shift = shifts[shifts.length === 1 ? 0 : i] ?? 0;
    const indices = Array.from({ length }, (_, to) => (((to - shift) % length) + length) % length);
    return gathered(layer, current, axis, indices);
  }, value);
}

function batchOnly(layer: LayerContext): never {
  throw batchAxis(layer);
}

/** Axes of length 1, or missing ones after the batch, repeated up to a shape. */
export function broadcast(layer: LayerContext, value: Value, target: unknown): Value {
  if (!isList(target)) throw invalidLayer(layer.ref, `its shape is ${show(target)}`);
  const [batch, ...shape] = target.map((size) => (size === null ? null : whole(layer, 'shape', size)));
  const sizes = shape.map((size, axis) => (size === null || size === -1 ? at(value.shape, axis) : size));
  if ((batch !== null && batch !== -1) || sizes.length !== value.shape.length) throw batchAxis(layer);
  return layer.add({ kind: 'expand', shape: sizes }, [value]);
}

/** What lies on one side of a diagonal of the last two axes; zeros elsewhere. */
function triangle(className: string, keeps: (row: number, column: number) => boolean): LayerDefinition {
  return operation(className, (layer) => {
    const value = tensor(layer);
    const [rows = 0, columns = 0] = value.shape.slice(-2);
    if (value.shape.length < 2) throw batchAxis(layer);
    const diagonal = layer.options.integer('k', 0);
    const data = Float32Array.from({ length: limited(layer, rows * columns) }, (_, i) =>
      keeps(Math.floor(i / columns) + diagonal, i % columns) ? 1 : 0,
    );
    const shape = [...value.shape.slice(0, -2).map(() => 1), rows, columns];
    const mask = constantLike(layer, value, shape, { data, type: 'bool' });
    const zero = new Weight(`${layer.ref.name}/zero`, [], new Float32Array(1));
    return layer.add({ kind: 'elementwise', fn: 'select', operands: [undefined, undefined, zero] }, [
      mask,
      value,
    ]);
  });
}

/** A tensor of the shape of another one, full of one number. */
function full(className: string, number: number): LayerDefinition {
  return operation(className, (layer) => filled(layer, number));
}

function filled(layer: LayerContext, number: number): Value {
  const like = tensor(layer);
  const dtype = layer.options.raw('dtype');
  const type = typeof dtype === 'string' ? typeOf(layer.ref, dtype) : like.type;
  const data = new Float32Array(limited(layer, elementCount(like.shape))).fill(number);
  return constantLike(layer, like, like.shape, { data, type: type === 'uint8' ? 'int32' : type });
}

export const shapeOperations: readonly LayerDefinition[] = [
  operation('Reshape', (layer) => reshapedTo(layer, tensor(layer), layer.options.raw('newshape'))),
  operation('Transpose', (layer) => {
    const raw = layer.options.raw('axes');
    if (raw === null) throw batchAxis(layer);
    return permuted(layer, tensor(layer), wholes(layer, 'axes', raw));
  }),
  operation('Swapaxes', (layer) => {
    const value = tensor(layer);
    const rank = value.shape.length;
    const [a, b] = ['axis1', 'axis2'].map((name) => axisOf(layer, layer.options.raw(name), rank));
    const order = value.shape.map((_, axis) => (axis === a ? b : axis === b ? a : axis) ?? axis);
    return layer.add({ kind: 'transpose', order }, [value]);
  }),
  operation('Moveaxis', (layer) => {
    const value = tensor(layer);
    const rank = value.shape.length;
    const place = (name: string): number[] =>
      wholes(layer, name, layer.options.raw(name)).map((axis) => axisOf(layer, axis, rank));
    const [from, to] = [place('source'), place('destination')];
    const order = value.shape.map((_, axis) => axis).filter((axis) => !from.includes(axis));
    const moves = to.map((target, i) => ({ target, source: from[i] ?? 0 }));
    for (const { target, source } of moves.toSorted((a, b) => a.target - b.target))
      order.splice(target, 0, source);
    return layer.add({ kind: 'transpose', order }, [value]);
  }),
  operation('ExpandDims', (layer) =>
    expanded(layer, tensor(layer), wholes(layer, 'axis', layer.options.raw('axis'))),
  ),
  operation('Squeeze', (layer) => squeezed(layer, tensor(layer), layer.options.raw('axis'))),
  operation('Concatenate', (layer) =>
    concatenated(layer, tensorList(layer, layer.arguments.get('xs', 0)), layer.options.raw('axis') ?? 0),
  ),
  operation('Append', (layer) => {
    const items = ['x1', 'x2'].flatMap((name, i) => layer.arguments.get(name, i) ?? []);
    return concatenated(layer, tensorList(layer, { kind: 'list', items }), layer.options.raw('axis'));
  }),
  operation('Hstack', (layer) => concatenated(layer, tensorList(layer, layer.arguments.get('xs', 0)), 1)),
  operation('Stack', (layer) =>
    stacked(layer, tensorList(layer, layer.arguments.get('x', 0)), layer.options.raw('axis') ?? 0),
  ),
  operation('Split', (layer) =>
    divided(layer, tensor(layer), layer.options.raw('indices_or_sections'), layer.options.raw('axis') ?? 0),
  ),
  operation('Unstack', (layer) => {
    const value = tensor(layer);
    const axis = axisOf(layer, layer.options.raw('axis') ?? 0, value.shape.length);
    const count = at(value.shape, axis);
    const stated = layer.options.raw('num');
    if (stated !== null && stated !== count) throw layer.options.invalid('num', `${count}`);
    const shape = value.shape.toSpliced(axis, 1);
    return Array.from({ length: count }, (_, i) => reshaped(layer, part(layer, value, axis, i, 1), shape));
  }),
  operation('Flip', flipped),
  operation('Fliplr', (layer) => {
    const value = tensor(layer);
    const count = value.shape[0] ?? 0;
    return layer.add({ kind: 'slice', ranges: [{ axis: 0, start: count - 1, count, step: -1 }] }, [value]);
  }),
  operation('Roll', rolled),
  operation('Repeat', repeatedPositions),
  operation('Tile', (layer) =>
    tiled(layer, tensor(layer), wholes(layer, 'repeats', layer.options.raw('repeats'))),
  ),
  operation('BroadcastTo', (layer) => broadcast(layer, tensor(layer), layer.options.raw('shape'))),
  triangle('Tril', (row, column) => column <= row),
  triangle('Triu', (row, column) => column >= row),
  full('ZerosLike', 0),
  full('OnesLike', 1),
  operation('FullLike', (layer) => {
    const fill = toOperand(layer, layer.arguments.get('fill_value', 1) ?? { kind: 'literal', value: null });
    if (fill?.kind !== 'constant' || fill.constant.data.length !== 1) {
      throw unsupported(layer.ref, 'is filled with something that is not one number');
    }
    return filled(layer, at(fill.constant.data, 0));
  }),
];
