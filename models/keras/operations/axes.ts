/** Axes as operations name them: with the batch as 0, or from the end. */
import type { Value } from '../../graph/ops/definition.ts';
import type { ReduceOp } from '../../graph/ops/reducing.ts';
import { invalidLayer, unsupported } from '../../model-error.ts';
import { isList, show } from '../config/json.ts';
import type { LayerContext } from '../layers/definition.ts';
import { reshaped } from './operands.ts';

/**
 * The graph's axis for an axis of a tensor of `rank` axes besides the batch; an error where it is the batch, across which
 * rows of a query are never mixed.
 */
export function axisOf(layer: LayerContext, axis: unknown, rank: number): number {
  if (typeof axis !== 'number' || !Number.isSafeInteger(axis) || axis < -rank - 1 || axis > rank) {
    throw invalidLayer(layer.ref, `axis = ${show(axis)} is not an axis of a tensor with ${rank + 1} axes`);
  }
  const index = axis < 0 ? axis + rank : axis - 1;
  if (index < 0) throw batchAxis(layer);
  return index;
}

export function batchAxis(layer: LayerContext): Error {
  return unsupported(layer.ref, 'works across the batch axis; rows of a query are answered one by one');
}

/** One axis or several, ascending; an error for none, which would be all of them. */
export function axesOf(layer: LayerContext, axes: unknown, rank: number): number[] {
  if (axes === null || axes === undefined) throw batchAxis(layer);
  const list = isList(axes) ? axes : [axes];
  const found = list.map((axis) => axisOf(layer, axis, rank));
  return [...new Set(found)].toSorted((a, b) => a - b);
}

/** Reduces along axes, which stay with length 1 or go. */
export function reduced(
  layer: LayerContext,
  fn: ReduceOp['fn'],
  value: Value,
  axes: readonly number[],
  keepAxes: boolean,
): Value {
  const kept = axes.length === 0 ? value : layer.add({ kind: 'reduce', fn, axes }, [value]);
  if (keepAxes) return kept;
  return reshaped(
    layer,
    kept,
    kept.shape.filter((_, axis) => !axes.includes(axis)),
  );
}

/** The value with an axis of length 1 put before its axis `at`. */
export function withAxis(layer: LayerContext, value: Value, axis: number): Value {
  return reshaped(layer, value, value.shape.toSpliced(axis, 0, 1));
}
