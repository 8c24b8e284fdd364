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
    // Functions of TensorFlow are called with a tensor that no list is around.
    if (isList(node)) return keras2Call(ref, isReference(node) ? [node] : node);
    if (!isRecord(node)) throw malformed(ref, node);
    return isKeras2Call(node) ? keras2DictionaryCall(ref, node) : keras3Call(ref, node);
  });
}

/** Keras 2 writes a list, or a dictionary where the layer was called with one; Keras 3 an object with arguments. */
export function isKeras2Call(node: unknown): boolean {
  return isList(node) || (isRecord(node) && !('args' in node && 'kwargs' in node));
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

/** A layer called with a dictionary: one entry for each of its tensors. */
function keras2DictionaryCall(ref: LayerRef, node: Json): LayerCall {
  const keys = sortedKeys(node);
  const { positional, named } = keras2Call(
    ref,
    keys.map((key) => node[key]),
  );
  const items = positional.flatMap((argument) => (argument.kind === 'list' ? argument.items : [argument]));
  return { positional: [{ kind: 'list', items, keys }], named };
}

function keras2Argument(ref: LayerRef, given: unknown): Argument {
  // Some files tell tuples from lists, which makes no difference here.
  const value = isRecord(given) && given.class_name === '__tuple__' ? given.items : given;
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
  if (isNothing(value)) return { kind: 'literal', value: null };
  if (isList(value)) {
    const items = value.map((item) => keras3Argument(ref, item));
    return items.some(({ kind }) => kind !== 'literal')
      ? { kind: 'list', items }
      : { kind: 'literal', value };
  }
  // Constants are objects of a class too; no tensor of the model stands in them.
  if (!isRecord(value) || 'class_name' in value) return { kind: 'literal', value };
  const keys = sortedKeys(value);
  const items = keys.map((key) => keras3Argument(ref, value[key]));
  return items.some(({ kind }) => kind !== 'literal')
    ? { kind: 'list', items, keys }
    : { kind: 'literal', value };
}

/** None for each of several tensors, as Keras writes masks that are not there. */
function isNothing(value: unknown): boolean {
  if (isRecord(value)) return Object.keys(value).length > 0 && Object.values(value).every(isNothing);
  return isList(value) ? value.length > 0 && value.every(isNothing) : value === null;
}

/** What goes into a model, or comes out of it. */
export interface ModelTensors {
  /** In the order in which Keras flattens them: dictionaries by their keys. */
  readonly tensors: readonly TensorRef[];
  /** Set for a dictionary of tensors. */
  readonly keys: readonly string[] | undefined;
}

/** `input_layers` and `output_layers`: one reference, or lists and dictionaries of them. */
export function parseModelTensors(ref: LayerRef, field: string, value: unknown): ModelTensors {
  const flatten = (item: unknown): TensorRef[] => {
    if (isRecord(item)) return sortedKeys(item).flatMap((key) => flatten(item[key]));
    if (!isList(item)) throw invalidLayer(ref, `${field} holds ${show(item)}`);
    return isReference(item) ? [reference(ref, item)] : item.flatMap(flatten);
  };
  const tensors = flatten(value);
  if (tensors.length === 0) throw invalidLayer(ref, `${field} is ${show(value)}`);
  const keys = isRecord(value) ? sortedKeys(value) : undefined;
  return { tensors, keys: keys?.length === tensors.length ? keys : undefined };
}

function sortedKeys(record: Json): string[] {
  return Object.keys(record).toSorted();
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
