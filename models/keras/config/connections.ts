/**
 * How layers are connected. Keras 2 writes `[["conv", 0, 0, {}], …]` for each call, Keras 3 the arguments of the call
 * with `__keras_tensor__` in them.
 */
import type { LayerRef } from '../../graph/layer-ref.ts';
import { invalidLayer, unsupported } from '../../model-error.ts';
import type { LayerCall, TensorRef } from './architecture.ts';
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

function keras2Call(ref: LayerRef, node: readonly unknown[]): LayerCall {
  let args: Json = {};
  const inputs = node.map((item) => {
    if (!isList(item) || !isReference(item)) throw malformed(ref, item);
    const options = item[3];
    if (isRecord(options)) args = { ...args, ...options };
    return reference(ref, item);
  });
  return { inputs, arguments: args };
}

function keras3Call(ref: LayerRef, node: Json): LayerCall {
  const args = node.args;
  if (!isList(args)) throw malformed(ref, node);
  const [first, ...others] = args;
  if (others.some((other) => other !== null)) {
    throw unsupported(ref, `is called with more than one argument: ${show(others)}`);
  }
  const tensors = isList(first) ? first : [first];
  const inputs = tensors.map((tensor) => {
    const config = isRecord(tensor) && tensor.class_name === '__keras_tensor__' ? tensor.config : undefined;
    const history = isRecord(config) ? config.keras_history : undefined;
    if (!isList(history))
      throw unsupported(ref, `is called with ${show(tensor)}, which is not a layer's output`);
    return reference(ref, history);
  });
  const keywords = node.kwargs;
  return { inputs, arguments: isRecord(keywords) ? keywords : {} };
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
  if (tensor !== 0) throw unsupported(ref, `uses output ${show(tensor)} of layer "${layer}"`);
  return { layer, call };
}

function malformed(ref: LayerRef, value: unknown): Error {
  return invalidLayer(ref, `its connections are not well formed: ${show(value)}`);
}
