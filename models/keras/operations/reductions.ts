/** Operations along axes: sums, means, the largest, sorting. */
import type { Value } from '../../graph/ops/definition.ts';
import type { ReduceOp } from '../../graph/ops/reducing.ts';
import { at } from '../../graph/weight.ts';
import { unsupported } from '../../model-error.ts';
import type { LayerContext, LayerDefinition } from '../layers/definition.ts';
import { asTruth } from './arithmetic.ts';
import { axesOf, axisOf, reduced } from './axes.ts';
import { binary, cast, combine, constantOperand, unary, valueOperand } from './operands.ts';
import { operation, tensor } from './operation.ts';

/** What the option `axis` says; no axis would be all of them, the batch with them. */
function axesOption(layer: LayerContext, value: Value): number[] {
  return axesOf(layer, layer.options.raw('axis'), value.shape.length);
}

function keepAxes(layer: LayerContext): boolean {
  return layer.options.flag('keepdims', false);
}

function reduction(
  classNames: string | readonly string[],
  fn: ReduceOp['fn'],
  ofFloats: boolean,
): LayerDefinition {
  return operation(classNames, (layer) => {
    const value = numeric(layer, tensor(layer), ofFloats);
    const result = reduced(layer, fn, value, axesOption(layer, value), keepAxes(layer));
    if (layer.options.raw('initial') === null) return result;
    if (fn !== 'max' && fn !== 'min') throw unsupported(layer.ref, 'option initial is not supported');
    const initial = layer.options.number('initial', 0);
    return binary(layer, fn === 'max' ? 'maximum' : 'minimum', result, initial);
  });
}

/** Truth values count as 0 and 1. */
function numeric(layer: LayerContext, value: Value, ofFloats: boolean): Value {
  if (ofFloats) return cast(layer, value, 'float32');
  return value.type === 'bool' ? cast(layer, value, 'int32') : value;
}

/** The mean of the squared distances from the mean. */
export function variance(layer: LayerContext, value: Value, axes: readonly number[], keep: boolean): Value {
  const mean = reduced(layer, 'mean', value, axes, true);
  const squares = unary(layer, 'square', binary(layer, 'subtract', value, mean));
  return reduced(layer, 'mean', squares, axes, keep);
}

function spread(className: string, finish: (layer: LayerContext, variance: Value) => Value): LayerDefinition {
  return operation(className, (layer) => {
    const value = cast(layer, tensor(layer), 'float32');
    return finish(layer, variance(layer, value, axesOption(layer, value), keepAxes(layer)));
  });
}

/** Whether any, or every, number is not zero. */
function truthReduction(className: string, fn: 'max' | 'min'): LayerDefinition {
  return operation(className, (layer) => {
    const item = asTruth(layer, valueOperand(tensor(layer)));
    if (item.kind !== 'value') throw unsupported(layer.ref, 'takes one tensor');
    const numbers = cast(layer, item.value, 'int32');
    return cast(layer, reduced(layer, fn, numbers, axesOption(layer, numbers), keepAxes(layer)), 'bool');
  });
}

function position(className: string, fn: 'argMax' | 'argMin'): LayerDefinition {
  return operation(className, (layer) => {
    const value = numeric(layer, tensor(layer), false);
    return reduced(layer, fn, value, axesOption(layer, value), keepAxes(layer));
  });
}

/** The order of the numbers along an axis, equal ones as they stand; everything along it stays. */
export function sorted(
  layer: LayerContext,
  value: Value,
  axis: number,
  result: 'values' | 'positions',
  largest = false,
  count = at(value.shape, axis),
): Value {
  return layer.add({ kind: 'topK', count, axis, largest, result }, [value]);
}

function sorting(className: string, result: 'values' | 'positions'): LayerDefinition {
  return operation(className, (layer) => {
    const value = numeric(layer, tensor(layer), false);
    const axis = axisOf(
      layer,
      layer.options.has('axis') ? layer.options.raw('axis') : -1,
      value.shape.length,
    );
    return sorted(layer, value, axis, result);
  });
}

/** How long vectors are; `ord` says by which norm. */
function norm(layer: LayerContext): Value {
  const value = cast(layer, tensor(layer), 'float32');
  const axes = axesOption(layer, value);
  const order = layer.options.raw('ord');
  const keep = keepAxes(layer);
  const size = (): Value => unary(layer, 'abs', value);
  if (order === null || order === 'fro' || (order === 2 && axes.length === 1)) {
    return unary(layer, 'sqrt', reduced(layer, 'sum', unary(layer, 'square', value), axes, keep));
  }
  if (order === 1 && axes.length === 1) return reduced(layer, 'sum', size(), axes, keep);
  if (typeof order === 'number' && order > 0 && axes.length === 1 && Number.isFinite(order)) {
    const powers = combine(layer, 'power', valueOperand(size()), constantOperand(order));
    const sum = reduced(layer, 'sum', powers, axes, keep);
    return combine(layer, 'power', valueOperand(sum), constantOperand(1 / order));
  }
  throw unsupported(layer.ref, `option ord = ${String(order)} is not supported for ${axes.length} axes`);
}

/** What each number is more than the one before it. */
function differences(layer: LayerContext): Value {
  let value = tensor(layer);
  const axis = axisOf(layer, layer.options.raw('axis') ?? -1, value.shape.length);
  for (let n = layer.options.integer('n', 1); n > 0; n--) {
    const count = at(value.shape, axis) - 1;
    const part = (start: number): Value =>
      layer.add({ kind: 'slice', ranges: [{ axis, start, count, step: 1 }] }, [value]);
    value = binary(layer, 'subtract', part(1), part(0));
  }
  return value;
}

export const reductionOperations: readonly LayerDefinition[] = [
  reduction('Mean', 'mean', true),
  reduction('Sum', 'sum', false),
  reduction(['Max', 'Amax'], 'max', false),
  reduction(['Min', 'Amin'], 'min', false),
  reduction('Prod', 'product', false),
  reduction('Logsumexp', 'logSumExp', true),
  spread('Var', (_layer, value) => value),
  spread('Std', (layer, value) => unary(layer, 'sqrt', value)),
  truthReduction('Any', 'max'),
  truthReduction('All', 'min'),
  position('Argmax', 'argMax'),
  position('Argmin', 'argMin'),
  sorting('Sort', 'values'),
  sorting('Argsort', 'positions'),
  operation('Norm', norm),
  operation('Diff', differences),
  operation('CountNonzero', (layer) => {
    const item = asTruth(layer, valueOperand(tensor(layer)));
    if (item.kind !== 'value') throw unsupported(layer.ref, 'takes one tensor');
    return reduced(layer, 'sum', cast(layer, item.value, 'int32'), axesOption(layer, item.value), false);
  }),
  operation('Ptp', (layer) => {
    const value = numeric(layer, tensor(layer), false);
    const axes = axesOption(layer, value);
    const keep = keepAxes(layer);
    return binary(
      layer,
      'subtract',
      reduced(layer, 'max', value, axes, keep),
      reduced(layer, 'min', value, axes, keep),
    );
  }),
  operation('Cumsum', (layer) => {
    const value = numeric(layer, tensor(layer), false);
    const axis = axisOf(layer, layer.options.raw('axis'), value.shape.length);
    layer.options.raw('dtype');
    return layer.add({ kind: 'cumulativeSum', axis }, [value]);
  }),
  operation('TopK', (layer) => {
    const value = numeric(layer, tensor(layer), false);
    const axis = value.shape.length - 1;
    const count = layer.options.count('k');
    // In order even where the order may be any.
    layer.options.ignore('sorted');
    const best = (result: 'values' | 'positions'): Value => sorted(layer, value, axis, result, true, count);
    return [best('values'), best('positions')];
  }),
  operation('Moments', (layer) => {
    const value = cast(layer, tensor(layer), 'float32');
    const axes = axesOf(layer, layer.options.raw('axes'), value.shape.length);
    layer.options.flag('synchronized', false);
    const keep = keepAxes(layer);
    return [reduced(layer, 'mean', value, axes, keep), variance(layer, value, axes, keep)];
  }),
  operation('Average', (layer) => {
    const value = cast(layer, tensor(layer), 'float32');
    if (layer.arguments.get('weights', 1) !== undefined) {
      throw unsupported(
        layer.ref,
        'averages with weights are not supported',
        'Multiply, sum and divide instead.',
      );
    }
    return reduced(layer, 'mean', value, axesOption(layer, value), keepAxes(layer));
  }),
];
