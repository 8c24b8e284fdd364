/**
 * How layers are connected. Keras 2 writes `[["conv", 0, 0, {}], …]` for each call, Keras 3 the arguments of the call
 * with `__keras_tensor__` in them.
 */
import type { LayerRef } from '../../graph/layer-ref.ts';
import { invalidLayer } from '../../model-error.ts';
import type { Argument, LayerCall, TensorRef } from './calls.ts';
import { isList, isRecord, type Json, show } from './json.ts';

/** The calls of a layer, in the order that references count them. */
export function parseCalls(ref: LayerRef, nodes: unknown): LayerCall[] {
  if (nodes === undefined || nodes === null) return [];
  if (!isList(nodes)) throw malformed(ref, nodes);
  return nodes.map((node) => {
    if (isRecord(node)) return keras3Call(ref, node);
    if (isList(node)) return keras2Call(ref, node);
    throw malformed(ref, node);
  });
}

/** `[["query", 0, 0, {"value": ["memory", 0, 0]}]]`: the first argument's tensors, each with the named ones beside it. */
function keras2Call(ref: LayerRef, node: readonly unknown[]): LayerCall {
  const named: Record<string, Argument> = {};
  const inputs = node.map((item): Argument => {
    if (!isList(item)) throw malformed(ref, item);
    if (isRecord(item[3])) {
      for (const [name, value] of Object.entries(item[3])) named[name] = keras2Argument(ref, value);
    }
    if (item[0] === '_CONSTANT_VALUE') return { kind: 'literal', value: item[2] };
    if (!isReference(item)) throw malformed(ref, item);
    return { kind: 'tensor', tensor: reference(ref, item) };
  });
  const [only, ...others] = inputs;
  if (only !== undefined && others.length === 0) return { positional: [only], named };
  return { positional: [{ kind: 'list', items: inputs }], named };
}

function keras2Argument(ref: LayerRef, value: unknown): Argument {
  if (!isList(value)) return { kind: 'literal', value };
  if (value[0] === '_CONSTANT_VALUE') return { kind: 'literal', value: value[2] };
  if (value.length >= 3 && isReference(value)) return { kind: 'tensor', tensor: reference(ref, value) };
  const items = value.map((item) => keras2Argument(ref, item));
  return items.some(({ kind }) => kind !== 'literal') ? { kind: 'list', items } : { kind: 'literal', value };
}

function keras3Call(ref: LayerRef, node: Json): LayerCall {
  const { args, kwargs } = node;
  if (!isList(args)) throw malformed(ref, node);
  const named = isRecord(kwargs) ? Object.entries(kwargs) : [];
  return {
    positional: args.map((argument) => keras3Argument(ref, argument)),
    named: Object.fromEntries(named.map(([name, argument]) => [name, keras3Argument(ref, argument)])),
  };
}

function keras3Argument(ref: LayerRef, value: unknown): Argument {
  if (isRecord(value) && value.class_name === '__keras_tensor__') {
    const history = isRecord(value.config) ? value.config.keras_history : undefined;
    if (!isList(history)) throw malformed(ref, value);
    return { kind: 'tensor', tensor: reference(ref, history) };
  }
  if (!isList(value)) return { kind: 'literal', value };
  const items = value.map((item) => keras3Argument(ref, item));
  return items.some(({ kind }) => kind !== 'literal') ? { kind: 'list', items } : { kind: 'literal', value };
}

/** `input_layers` and `output_layers`: one reference, a list of them, or a dictionary by name. */
export function parseModelTensors(ref: LayerRef, field: string, value: unknown): TensorRef[] {
  const list = isRecord(value) ? Object.values(value) : value;
  if (!isList(list) || list.length === 0) throw invalidLayer(ref, `${field} is ${show(value)}`);
  const references = isReference(list) ? [list] : list;
  return references.map((item) => {
    if (!isList(item)) throw invalidLayer(ref, `${field} holds ${show(item)}`);
    return reference(ref, item);
  });
}

function isReference(item: readonly unknown[]): boolean {
  return typeof item[0] === 'string' && typeof item[1] === 'number';
}

function reference(ref: LayerRef, item: readonly unknown[]): TensorRef {
  const [layer, call, tensor] = item;
  if (typeof layer !== 'string' || typeof call !== 'number' || !Number.isSafeInteger(call) || call < 0) {
    throw malformed(ref, item);
  }
  if (typeof tensor !== 'number' || !Number.isSafeInteger(tensor) || tensor < 0) throw malformed(ref, item);
  return { layer, call, tensor };
}

function malformed(ref: LayerRef, value: unknown): Error {
  return invalidLayer(ref, `its connections are not well formed: ${show(value)}`);
}
