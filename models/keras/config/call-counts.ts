import { unreachable } from '../../../common/errors.ts';
import type { LayerConfig, ModelConfig } from './architecture.ts';
import { type Argument, type LayerCall, type TensorRef, tensorsOf } from './calls.ts';

/**
 * Counts the calls of nested models from 0. Keras 2 counts them from 1 (their own definition being call 0). Keras 3
 * counts them from 0 where layers are connected, and from 1 where a model's outputs are listed, but not those of a
 * Sequential. Some files differ: a reference to call 0, or past the last one, tells for sure.
 *
 * @param keras2 whether the connections are written in Keras 2's way
 */
export function countCallsFromZero(model: ModelConfig, keras2: boolean): ModelConfig {
  const nested = model.layers.filter((layer) => layer.model !== undefined);
  if (nested.length === 0) return model;
  const connected = model.layers.flatMap(({ calls }) => calls.flatMap(tensorsOf));
  const inner = renumber(nested, connected, () => keras2);
  const outer = renumber(nested, model.outputs, ({ className }) => keras2 || className !== 'Sequential');
  return {
    ...model,
    layers: model.layers.map((layer) => ({
      ...layer,
      calls: layer.calls.map((call) => mapTensors(call, inner)),
    })),
    outputs: model.outputs.map(outer),
  };
}

function renumber(
  nested: readonly LayerConfig[],
  references: readonly TensorRef[],
  usuallyFromOne: (layer: LayerConfig) => boolean,
): (reference: TensorRef) => TensorRef {
  const first = new Map<string, number>();
  for (const layer of nested) {
    const calls = references.filter((reference) => reference.layer === layer.name).map(({ call }) => call);
    const fromOne = calls.includes(layer.calls.length) || (!calls.includes(0) && usuallyFromOne(layer));
    first.set(layer.name, fromOne ? 1 : 0);
  }
  return (reference) => ({ ...reference, call: reference.call - (first.get(reference.layer) ?? 0) });
}

function mapTensors({ positional, named }: LayerCall, map: (reference: TensorRef) => TensorRef): LayerCall {
  const mapped = (argument: Argument): Argument => {
    switch (argument.kind) {
      case 'tensor':
        return { kind: 'tensor', tensor: map(argument.tensor) };
      case 'list':
        return { ...argument, items: argument.items.map(mapped) };
      case 'literal':
        return argument;
      default:
        return unreachable(argument);
    }
  };
  return {
    positional: positional.map(mapped),
    named: Object.fromEntries(Object.entries(named).map(([name, argument]) => [name, mapped(argument)])),
  };
}
