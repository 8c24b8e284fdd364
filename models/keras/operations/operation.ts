import type { Value } from '../../graph/ops/definition.ts';
import { MODEL_LIMITS } from '../../limits.ts';
import { invalidLayer, tooLarge, unsupported } from '../../model-error.ts';
import { isList, show } from '../config/json.ts';
import type { LayerContext, LayerDefinition } from '../layers/definition.ts';

export type Build = (layer: LayerContext) => Value | readonly Value[];

/** An operation of `keras.ops`: it reads its tensors from the call, and its options as a layer does. */
export function operation(classNames: string | readonly string[], build: Build): LayerDefinition {
  return {
    classNames: typeof classNames === 'string' ? [classNames] : classNames,
    takesIntegers: true,
    build: (layer) => build(layer),
  };
}

/** The tensor that an operation is called with, by name or place. */
export function tensor(layer: LayerContext, name = 'x', position = 0): Value {
  const value = layer.arguments.tensor(name, position);
  if (value === undefined) throw unsupported(layer.ref, `is called without the tensor ${name}`);
  return value;
}

/** Refuses to make a list, or a constant, of so many numbers. */
export function limited(layer: LayerContext, count: number): number {
  if (count <= MODEL_LIMITS.constantElements) return count;
  const { name, className } = layer.ref;
  throw tooLarge(
    `layer "${name}" (${className}): makes ${count} numbers; ${MODEL_LIMITS.constantElements} are allowed`,
  );
}

/** A whole number among the options of an operation. */
export function whole(layer: LayerContext, name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw invalidLayer(layer.ref, `${name} = ${show(value)} is not a whole number`);
}

/** A whole number or a list of them. */
export function wholes(layer: LayerContext, name: string, value: unknown): number[] {
  return (isList(value) ? value : [value]).map((item) => whole(layer, name, item));
}
