/**
 * Writes ONNX graphs: nodes, constants, inputs and outputs in, the bytes of a ModelProto out. Field numbers are those
 * of onnx.proto.
 */

import { MODEL_LIMITS } from '../limits.ts';
import { tooLarge } from '../model-error.ts';
import { WireMessage } from './wire.ts';

/** TensorProto.DataType */
export const ONNX_TYPES = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9 } as const;
export type OnnxType = keyof typeof ONNX_TYPES;

/** AttributeProto.AttributeType */
const ATTRIBUTE_TYPES = { float: 1, int: 2, text: 3, graph: 5, floats: 6, ints: 7, texts: 8 } as const;

export type Attribute =
  | { float: number }
  | { int: number }
  | { ints: readonly number[] }
  | { floats: readonly number[] }
  | { text: string }
  | { texts: readonly string[] }
  | { graph: WireMessage };
export type Attributes = Readonly<Record<string, Attribute>>;

const IR_VERSION = 8;
const BATCH = 'N';

export class OnnxGraphWriter {
  #graph = new WireMessage();
  readonly #inputs: WireMessage[] = [];
  readonly #outputs: WireMessage[] = [];
  readonly #initializers: WireMessage[] = [];
  readonly #names = new Set<string>();
  /** Names given out for each that was wanted. */
  readonly #counts = new Map<string, number>();
  readonly #constants = new Map<string, string>();
  /** The reductions take their axes as an input from 18 on. */
  #opset = 18;

  /** A name for a tensor that nothing else has; `exact` names must be free and come out unchanged. */
  name(wanted: string): string {
    let name = wanted;
    // A layer may make thousands of tensors: counting goes on where it ended.
    let count = this.#counts.get(wanted) ?? 1;
    while (this.#names.has(name)) name = `${wanted}:${++count}`;
    this.#counts.set(wanted, count);
    this.#names.add(name);
    return name;
  }

  /** Ops of a later opset than the default raise it for the whole graph. */
  requireOpset(version: number): void {
    this.#opset = Math.max(this.#opset, version);
  }

  input(name: string, type: OnnxType, shape: readonly number[]): void {
    this.#inputs.push(valueInfo(name, type, shape));
  }

  output(name: string, type: OnnxType, shape: readonly number[]): void {
    this.#outputs.push(valueInfo(name, type, shape));
  }

  node(opType: string, inputs: readonly string[], outputs: readonly string[], attributes: Attributes): void {
    const node = new WireMessage();
    for (const input of inputs) node.text(1, input);
    for (const output of outputs) node.text(2, output);
    node.text(3, outputs[0] ?? opType).text(4, opType);
    for (const [name, attribute] of Object.entries(attributes))
      node.message(5, attributeMessage(name, attribute));
    this.#graph.message(1, node);
  }

  /**
   * A graph within a node (the body of a Scan). What is written while `build` runs becomes part of it; constants are
   * shared with the graph around it.
   *
   * @param inputs names of tensors, taken by `name`, with their types
   * @param build gives the names of what comes out; each name once, and none of an input
   */
  subgraph(
    inputs: readonly { name: string; type: OnnxType }[],
    build: () => readonly { name: string; type: OnnxType }[],
  ): Attribute {
    const outer = this.#graph;
    const body = new WireMessage();
    this.#graph = body;
    try {
      const outputs = build();
      body.text(2, this.name('body'));
      for (const { name, type } of inputs) body.message(11, valueInfo(name, type, undefined));
      for (const { name, type } of outputs) body.message(12, valueInfo(name, type, undefined));
    } finally {
      this.#graph = outer;
    }
    return { graph: body };
  }

  /** A constant tensor; gives its name. */
  initializer(wanted: string, type: OnnxType, shape: readonly number[], data: Uint8Array): string {
    const name = this.name(wanted);
    const tensor = new WireMessage();
    for (const size of shape) tensor.int(1, size);
    tensor.int(2, ONNX_TYPES[type]).text(8, name).bytes(9, data);
    this.#initializers.push(tensor);
    return name;
  }

  floats(wanted: string, shape: readonly number[], data: Float32Array): string {
    return this.initializer(wanted, 'float32', shape, bytesOf(data));
  }

  /** A single float, shared by all who ask for the same one. */
  scalar(value: number): string {
    const key = `float ${value}`;
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const name = this.floats(`constant ${value}`, [], Float32Array.of(value));
    this.#constants.set(key, name);
    return name;
  }

  /** A vector of one float again and again, shared by all who ask for the same one. */
  repeated(value: number, count: number): string {
    const key = `${count} floats ${value}`;
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const name = this.floats(`constant ${value} (${count})`, [count], new Float32Array(count).fill(value));
    this.#constants.set(key, name);
    return name;
  }

  /** A list of integers (a shape, a list of axes), shared by all who ask for the same one. */
  integers(values: readonly number[]): string {
    const key = `ints ${values.join()}`;
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const data = bytesOf(BigInt64Array.from(values, BigInt));
    const name = this.initializer(`constant [${values.join()}]`, 'int64', [values.length], data);
    this.#constants.set(key, name);
    return name;
  }

  /** The whole model; throws when it passes what a protobuf message can hold. */
  toBytes(producerVersion: string): Uint8Array {
    this.#graph.text(2, 'model');
    for (const tensor of this.#initializers) this.#graph.message(5, tensor);
    for (const input of this.#inputs) this.#graph.message(11, input);
    for (const output of this.#outputs) this.#graph.message(12, output);
    const model = new WireMessage()
      .int(1, IR_VERSION)
      .text(2, 'sqlens')
      .text(3, producerVersion)
      .message(7, this.#graph)
      .message(8, new WireMessage().text(1, '').int(2, this.#opset));
    if (model.size_bytes > MODEL_LIMITS.file_bytes) {
      throw tooLarge(
        `the compiled model takes ${model.size_bytes} bytes; at most ${MODEL_LIMITS.file_bytes} are possible`,
      );
    }
    return model.toBytes();
  }
}

function bytesOf(data: Float32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function attributeMessage(name: string, attribute: Attribute): WireMessage {
  const message = new WireMessage().text(1, name);
  if ('float' in attribute) return message.float(2, attribute.float).int(20, ATTRIBUTE_TYPES.float);
  if ('int' in attribute) return message.int(3, attribute.int).int(20, ATTRIBUTE_TYPES.int);
  if ('text' in attribute) return message.text(4, attribute.text).int(20, ATTRIBUTE_TYPES.text);
  if ('graph' in attribute) return message.message(6, attribute.graph).int(20, ATTRIBUTE_TYPES.graph);
  if ('floats' in attribute) {
    for (const value of attribute.floats) message.float(7, value);
    return message.int(20, ATTRIBUTE_TYPES.floats);
  }
  if ('texts' in attribute) {
    for (const value of attribute.texts) message.text(9, value);
    return message.int(20, ATTRIBUTE_TYPES.texts);
  }
  for (const value of attribute.ints) message.int(8, value);
  return message.int(20, ATTRIBUTE_TYPES.ints);
}

/** @param shape without the batch; undefined leaves it to ONNX Runtime */
function valueInfo(name: string, type: OnnxType, shape: readonly number[] | undefined): WireMessage {
  const tensor = new WireMessage().int(1, ONNX_TYPES[type]);
  const info = new WireMessage().text(1, name);
  if (shape === undefined) return info.message(2, new WireMessage().message(1, tensor));
  const dims = new WireMessage().message(1, new WireMessage().text(2, BATCH));
  for (const size of shape) dims.message(1, new WireMessage().int(1, size));
  return info.message(2, new WireMessage().message(1, tensor.message(2, dims)));
}
