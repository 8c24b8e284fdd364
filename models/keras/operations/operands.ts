/** Arithmetic between tensors and constants, with NumPy's rules for shapes and types. */
import type { Value, ValueType } from '../../graph/ops/definition.ts';
import { type ElementwiseFunction, worksOnIntegers } from '../../graph/ops/elementwise.ts';
import type { MergeOp } from '../../graph/ops/merging.ts';
import { at, elementCount, Weight } from '../../graph/weight.ts';
import { unsupported } from '../../model-error.ts';
import type { CallArgument } from '../layers/arguments.ts';
import type { LayerContext } from '../layers/definition.ts';
import { type Constant, parseConstant, scalar } from './constants.ts';

export type Operand =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'constant'; readonly constant: Constant };

/** An argument of a call as an operand; undefined when it is not given, an error for anything but numbers. */
export function operand(layer: LayerContext, name: string, position: number): Operand | undefined {
  const argument = layer.arguments.get(name, position);
  if (argument === undefined) return undefined;
  const found = toOperand(layer, argument);
  if (found !== undefined) return found;
  throw unsupported(layer.ref, `is called with something that is no tensor as ${name}`);
}

export function requiredOperand(layer: LayerContext, name: string, position: number): Operand {
  const found = operand(layer, name, position);
  if (found === undefined) throw unsupported(layer.ref, `is called without ${name}`);
  return found;
}

export function toOperand(layer: LayerContext, argument: CallArgument): Operand | undefined {
  if (argument.kind === 'tensor') return { kind: 'value', value: argument.value };
  if (argument.kind === 'list') return undefined;
  const constant = parseConstant(layer.ref, argument.value);
  return constant && { kind: 'constant', constant };
}

export function constantOperand(value: number | Constant): Operand {
  return { kind: 'constant', constant: typeof value === 'number' ? scalar(value) : value };
}

export function valueOperand(value: Value): Operand {
  return { kind: 'value', value };
}

/** The same numbers as another type. */
export function cast(layer: LayerContext, value: Value, to: ValueType): Value {
  return value.type === to ? value : layer.add({ kind: 'cast', to }, [value]);
}

const MERGES: Partial<Record<ElementwiseFunction, MergeOp['mode']>> = {
  add: 'add',
  maximum: 'maximum',
  minimum: 'minimum',
  multiply: 'multiply',
  subtract: 'subtract',
};

/**
 * A function of operands, of which at least one is a tensor. Integers stay integers where the function keeps them;
 * everything else is computed in float32.
 */
export function combine(layer: LayerContext, fn: ElementwiseFunction, ...operands: Operand[]): Value {
  const types = operands.map((item) => (item.kind === 'value' ? item.value.type : item.constant.type));
  const compared = fn === 'select' ? types.slice(1) : types;
  const logical = fn === 'and' || fn === 'or' || fn === 'xor' || fn === 'not';
  const type = logical ? 'bool' : commonType(fn, compared);
  const typed = operands.map((item, i): Operand => {
    const to = fn === 'select' && i === 0 ? 'bool' : type;
    return item.kind === 'value' ? { kind: 'value', value: cast(layer, item.value, to) } : item;
  });
  const values = typed.flatMap((item) => (item.kind === 'value' ? [item.value] : []));
  const rank = commonRank(layer, values);
  const merge = MERGES[fn];
  if (values.length === typed.length && merge !== undefined && type === 'float32') {
    return layer.add({ kind: 'merge', mode: merge }, values);
  }
  const [left, right] = typed;
  if (type === 'float32' && left?.kind === 'value' && right?.kind === 'constant') {
    const folded = affine(layer, fn, left.value, aligned(layer, right.constant, rank), false);
    if (folded !== undefined) return folded;
  }
  if (type === 'float32' && left?.kind === 'constant' && right?.kind === 'value') {
    const folded = affine(layer, fn, right.value, aligned(layer, left.constant, rank), true);
    if (folded !== undefined) return folded;
  }
  return layer.add(
    {
      kind: 'elementwise',
      fn,
      operands: typed.map((item, i) =>
        item.kind === 'value' ? undefined : asWeight(layer, aligned(layer, item.constant, rank), i),
      ),
    },
    values,
  );
}

function commonType(fn: ElementwiseFunction, types: readonly ValueType[]): ValueType {
  if (types.every((type) => type === 'bool') && (fn === 'equal' || fn === 'notEqual')) return 'int32';
  const integers = types.every((type) => type === 'int32' || type === 'bool') && types.includes('int32');
  if (fn === 'select' && types.every((type) => type === 'bool')) return 'int32';
  return integers && worksOnIntegers(fn) ? 'int32' : 'float32';
}

/** All tensors have to have the same axes: else the batch of one would meet another axis of the other. */
function commonRank(layer: LayerContext, values: readonly Value[]): number {
  const [first, ...others] = values;
  if (first === undefined) throw unsupported(layer.ref, 'is called without a tensor');
  const other = others.find((value) => value.shape.length !== first.shape.length);
  if (other === undefined) return first.shape.length;
  throw unsupported(
    layer.ref,
    `combines tensors of ${first.shape.length + 1} and ${other.shape.length + 1} axes, the batch of one with ` +
      'another axis of the other',
  );
}

/** A constant with axes for everything but the batch, or none at all where it is one number. */
function aligned(layer: LayerContext, constant: Constant, rank: number): Constant {
  if (constant.data.length === 1 && constant.shape.length <= rank + 1) return { ...constant, shape: [] };
  const missing = rank - constant.shape.length;
  if (missing >= 0) return { ...constant, shape: [...new Array<number>(missing).fill(1), ...constant.shape] };
  if (missing === -1 && constant.shape[0] === 1) return { ...constant, shape: constant.shape.slice(1) };
  throw unsupported(
    layer.ref,
    `combines a constant of shape (${constant.shape.join(', ')}) with the batch of a tensor of ${rank + 1} axes`,
  );
}

function asWeight(layer: LayerContext, { shape, data }: Constant, index: number): Weight {
  return new Weight(`${layer.ref.name}/constant${index + 1}`, shape, data);
}

/** Arithmetic with constants along one axis is an affine, which passes can put into weights. */
function affine(
  layer: LayerContext,
  fn: ElementwiseFunction,
  value: Value,
  constant: Constant,
  constantFirst: boolean,
): Value | undefined {
  const wide = constant.shape.flatMap((size, axis) => (size > 1 ? [axis] : []));
  const axis = wide[0] ?? Math.max(0, value.shape.length - 1);
  const fits = wide.length === 0 || at(constant.shape, axis) === value.shape[axis];
  if (wide.length > 1 || !fits || value.shape.length === 0) return undefined;
  const weight = (role: string, make: (number: number) => number): Weight | undefined => {
    const data = constant.data.map(make);
    return data.every(Number.isFinite)
      ? new Weight(`${layer.ref.name}/${role}`, [data.length], data)
      : undefined;
  };
  const made = (scale: Weight | undefined, offset: Weight | undefined): Value =>
    layer.add({ kind: 'affine', scale, offset, axis }, [value]);
  const negative = (): Weight => new Weight(`${layer.ref.name}/scale`, [1], Float32Array.of(-1));
  switch (fn) {
    case 'add': {
      const offset = weight('offset', (number) => number);
      return offset && made(undefined, offset);
    }
    case 'subtract': {
      const offset = weight('offset', (number) => (constantFirst ? number : -number));
      return offset && made(constantFirst ? negative() : undefined, offset);
    }
    case 'multiply': {
      const scale = weight('scale', (number) => number);
      return scale && made(scale, undefined);
    }
    case 'divide': {
      const scale = constantFirst ? undefined : weight('scale', (number) => 1 / number);
      return scale && made(scale, undefined);
    }
    default:
      return undefined;
  }
}

/** A function of one tensor. */
export function unary(layer: LayerContext, fn: ElementwiseFunction, value: Value): Value {
  return combine(layer, fn, { kind: 'value', value });
}

/** A function of a tensor and a tensor or number. */
export function binary(
  layer: LayerContext,
  fn: ElementwiseFunction,
  left: Value,
  right: Value | number,
): Value {
  const second: Operand =
    typeof right === 'number' ? constantOperand(right) : { kind: 'value', value: right };
  return combine(layer, fn, { kind: 'value', value: left }, second);
}

/** The same numbers under another shape (without the batch). */
export function reshaped(layer: LayerContext, value: Value, shape: readonly number[]): Value {
  if (elementCount(shape) !== elementCount(value.shape)) {
    throw unsupported(layer.ref, `gives (${shape.join(', ')}) for (${value.shape.join(', ')}) in every row`);
  }
  return shape.join() === value.shape.join() ? value : layer.add({ kind: 'reshape', shape }, [value]);
}
