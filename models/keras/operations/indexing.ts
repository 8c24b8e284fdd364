/** Operations that take parts of a tensor by position. */
import type { Value } from '../../graph/ops/definition.ts';
import type { Range } from '../../graph/ops/slicing.ts';
import { at, elementCount } from '../../graph/weight.ts';
import { invalidLayer, unsupported } from '../../model-error.ts';
import { isList, isRecord, show } from '../config/json.ts';
import type { LayerContext, LayerDefinition } from '../layers/definition.ts';
import { axisOf, batchAxis } from './axes.ts';
import { parseConstant } from './constants.ts';
import { cast, combine, constantOperand, reshaped, valueOperand } from './operands.ts';
import { limited, operation, tensor, whole, wholes } from './operation.ts';
import { constantLike, gathered } from './shapes.ts';

/** One item between the brackets of `x[…]`. */
type Selector =
  | {
      readonly kind: 'range';
      readonly start: number | null;
      readonly stop: number | null;
      readonly step: number;
    }
  | { readonly kind: 'position'; readonly position: number }
  | { readonly kind: 'newAxis' }
  | { readonly kind: 'ellipsis' }
  | { readonly kind: 'list'; readonly positions: readonly number[] };

function parseSelector(layer: LayerContext, item: unknown): Selector {
  if (item === null) return { kind: 'newAxis' };
  if (typeof item === 'number') return { kind: 'position', position: whole(layer, 'position', item) };
  if (isRecord(item)) {
    if (item.class_name === '__ellipsis__') return { kind: 'ellipsis' };
    // Keras 3 wraps slices as it does other objects, tf.keras writes their three fields.
    const fields = item.class_name === '__slice__' && isRecord(item.config) ? item.config : item;
    if ('start' in fields || 'stop' in fields) {
      const bound = (value: unknown): number | null =>
        value === null || value === undefined ? null : whole(layer, 'slice', value);
      return {
        kind: 'range',
        start: bound(fields.start),
        stop: bound(fields.stop),
        step: bound(fields.step) ?? 1,
      };
    }
    const constant = parseConstant(layer.ref, item);
    if (constant !== undefined && constant.type === 'int32' && constant.shape.length <= 1) {
      const [position = 0] = constant.data;
      return constant.shape.length === 0
        ? { kind: 'position', position }
        : { kind: 'list', positions: [...constant.data] };
    }
  }
  if (isList(item) && item.every((position) => typeof position === 'number')) {
    return { kind: 'list', positions: wholes(layer, 'positions', item) };
  }
  throw unsupported(layer.ref, `takes a part of a tensor by ${show(item)}`);
}

/** `x[items]` as Python and NumPy mean it; the first item has to leave the batch as it is. */
export function indexed(layer: LayerContext, value: Value, raw: unknown): Value {
  const items = (isList(raw) ? raw : [raw]).map((item) => parseSelector(layer, item));
  const rank = value.shape.length + 1;
  const used = items.filter(({ kind }) => kind !== 'newAxis' && kind !== 'ellipsis').length;
  if (used > rank) throw invalidLayer(layer.ref, `takes ${used} positions of a tensor with ${rank} axes`);
  const rest: Selector[] = new Array<Selector>(rank - used).fill({
    kind: 'range',
    start: null,
    stop: null,
    step: 1,
  });
  const ellipses = items.filter(({ kind }) => kind === 'ellipsis').length;
  if (ellipses > 1) throw invalidLayer(layer.ref, 'has two ellipses');
  const complete: Selector[] =
    ellipses === 0
      ? [...items, ...rest]
      : items.flatMap((item) => (item.kind === 'ellipsis' ? rest : [item]));
  const [batch, ...selectors] = complete;
  if (batch?.kind !== 'range' || batch.start !== null || batch.stop !== null || batch.step !== 1) {
    throw batchAxis(layer);
  }
  if (selectors.filter(({ kind }) => kind === 'list').length > 1) {
    throw unsupported(layer.ref, 'takes parts of a tensor by several lists of positions');
  }
  return take(layer, value, selectors);
}

function take(layer: LayerContext, value: Value, selectors: readonly Selector[]): Value {
  const ranges: Range[] = [];
  const shape: number[] = [];
  let lists: { axis: number; positions: readonly number[] } | undefined;
  let axis = 0;
  for (const selector of selectors) {
    const size = value.shape[axis] ?? 0;
    switch (selector.kind) {
      case 'newAxis':
        shape.push(1);
        continue;
      case 'position': {
        const start = selector.position < 0 ? selector.position + size : selector.position;
        ranges.push({ axis, start, count: 1, step: 1 });
        break;
      }
      case 'list':
        lists = { axis, positions: selector.positions };
        shape.push(selector.positions.length);
        break;
      case 'range': {
        const range = { axis, ...resolved(layer, selector, size) };
        if (range.count !== size || range.step !== 1) ranges.push(range);
        shape.push(range.count);
        break;
      }
      case 'ellipsis':
        continue;
    }
    axis++;
  }
  const cut = ranges.length === 0 ? value : layer.add({ kind: 'slice', ranges }, [value]);
  const chosen = lists === undefined ? cut : gathered(layer, cut, lists.axis, lists.positions);
  return reshaped(layer, chosen, shape);
}

/** Python's rules for the bounds of a slice. */
function resolved(
  layer: LayerContext,
  { start, stop, step }: { start: number | null; stop: number | null; step: number },
  size: number,
): { start: number; count: number; step: number } {
  const clamp = (bound: number, low: number, high: number): number =>
    Math.min(Math.max(bound < 0 ? bound + size : bound, low), high);
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const first = start === null ? (step > 0 ? 0 : size - 1) : clamp(start, low, high);
  const end = stop === null ? (step > 0 ? size : -1) : clamp(stop, low, high);
  const count = step === 0 ? 0 : Math.ceil((end - first) / step);
  if (count < 1) throw invalidLayer(layer.ref, `takes an empty part of an axis of ${size}`);
  return { start: first, count, step };
}

/** Positions of an axis; Keras gives NaN for those outside of it, which are refused. */
function taken(layer: LayerContext): Value {
  const value = tensor(layer);
  const raw = layer.options.raw('axis');
  if (raw === null) throw batchAxis(layer);
  const axis = axisOf(layer, raw, value.shape.length);
  const indices = parseConstant(layer.ref, layer.arguments.literal('indices', 1));
  if (indices === undefined || indices.type === 'float32') {
    throw unsupported(layer.ref, 'is called with indices that are not whole numbers');
  }
  const chosen = gathered(layer, value, axis, [...indices.data]);
  return reshaped(layer, chosen, value.shape.toSpliced(axis, 1, ...indices.shape));
}

function takenAlong(layer: LayerContext): Value {
  const value = tensor(layer);
  const raw = layer.options.raw('axis');
  if (raw === null) throw batchAxis(layer);
  const axis = axisOf(layer, raw, value.shape.length);
  const given = layer.arguments.get('indices', 1);
  if (given?.kind === 'tensor') {
    const positions = cast(layer, given.value, 'int32');
    const shape = value.shape.map((size, other) => (other === axis ? at(positions.shape, axis) : size));
    const wide =
      shape.join() === positions.shape.join() ? positions : layer.add({ kind: 'expand', shape }, [positions]);
    return layer.add({ kind: 'choose', axis }, [value, wide]);
  }
  const constant = parseConstant(layer.ref, given?.kind === 'literal' ? given.value : undefined);
  if (constant === undefined || constant.shape.length !== value.shape.length + 1 || constant.shape[0] !== 1) {
    throw unsupported(layer.ref, 'is called with indices of another number of axes');
  }
  const own = constant.shape.slice(1);
  const positions = constantLike(layer, value, own, { data: constant.data, type: 'int32' });
  const shape = value.shape.map((size, other) => (other === axis ? at(own, axis) : size));
  return layer.add({ kind: 'choose', axis }, [value, layer.add({ kind: 'expand', shape }, [positions])]);
}

/** A row of zeros with a one at the position that each number names; no one where it names none. */
function oneHot(layer: LayerContext): Value {
  const value = cast(layer, tensor(layer), 'int32');
  const classes = layer.options.count('num_classes');
  const rank = value.shape.length + 1;
  const axis = axisOf(layer, layer.options.raw('axis') ?? -1, rank);
  if (layer.options.flag('sparse', false)) throw unsupported(layer.ref, 'sparse tensors are not supported');
  const dtype = layer.options.raw('dtype') ?? 'float32';
  const raised = reshaped(layer, value, value.shape.toSpliced(axis, 0, 1));
  const shape = raised.shape.map((_, other) => (other === axis ? classes : 1));
  const numbers = {
    shape,
    data: Float32Array.from({ length: limited(layer, elementCount(shape)) }, (_, i) => i),
    type: 'int32',
  } as const;
  const hit = combine(layer, 'equal', valueOperand(raised), constantOperand(numbers));
  return cast(layer, hit, dtype === 'bool' ? 'bool' : dtype === 'int32' ? 'int32' : 'float32');
}

export const indexingOperations: readonly LayerDefinition[] = [
  operation('GetItem', (layer) => {
    const value = tensor(layer);
    const key = layer.arguments.get('key', 1);
    if (key?.kind === 'tensor' || key?.kind === 'list') {
      throw unsupported(layer.ref, 'takes parts of a tensor by another tensor');
    }
    return indexed(layer, value, key?.kind === 'literal' ? key.value : null);
  }),
  operation('Slice', (layer) => {
    const value = tensor(layer, 'inputs', 0);
    const starts = wholes(layer, 'start_indices', layer.arguments.literal('start_indices', 1));
    const sizes = layer.options.raw('shape');
    if (!isList(sizes)) throw layer.options.invalid('shape', 'a shape');
    if (starts[0] !== 0 || (sizes[0] !== null && sizes[0] !== -1)) throw batchAxis(layer);
    return value.shape.reduce((current, size, axis) => {
      const start = starts[axis + 1] ?? 0;
      const raw = sizes[axis + 1];
      const count =
        raw === null || raw === undefined || raw === -1 ? size - start : whole(layer, 'shape', raw);
      if (start === 0 && count === size) return current;
      return layer.add({ kind: 'slice', ranges: [{ axis, start, count, step: 1 }] }, [current]);
    }, value);
  }),
  operation('Take', taken),
  operation('TakeAlongAxis', takenAlong),
  operation('OneHot', oneHot),
];
