/**
 * Changes the small parts of a foreign ONNX file and leaves every other byte as it is: weights are never decoded and
 * written again, so a graph of a gigabyte costs one copy.
 */
import { invalidFile } from '../model-error.ts';
import { WireMessage } from './wire.ts';

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;

/** Fields of ModelProto, GraphProto and ValueInfoProto. */
const MODEL_GRAPH = 7;
const MODEL_METADATA = 14;
const GRAPH_INPUT = 11;
const GRAPH_OUTPUT = 12;
const NAME = 1;

interface WireField {
  readonly number: number;
  /** With its tag. */
  readonly whole: Uint8Array;
  /** Of a text, bytes or message; empty for numbers. */
  readonly payload: Uint8Array;
}

export interface GraphEdit {
  /** ValueInfoProtos, written, by the names of the inputs that they replace; undefined drops the input. */
  readonly inputs: ReadonlyMap<string, Uint8Array | undefined>;
  /** ValueInfoProtos of tensors within that become outputs, after the graph's own. */
  readonly outputs: readonly Uint8Array[];
  /** Notes at the end of the file: what the graph is to be told apart by. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A new file; throws when the bytes are no protobuf message. */
export function editGraph(bytes: Uint8Array, edit: GraphEdit): Uint8Array {
  const chunks: Uint8Array[] = [];
  let hasGraph = false;
  for (const field of fieldsOf(bytes)) {
    if (field.number !== MODEL_GRAPH) {
      chunks.push(field.whole);
      continue;
    }
    // A message that comes in pieces is put together from them: outputs are added once.
    const outputs = hasGraph ? [] : edit.outputs;
    hasGraph = true;
    const graph = new WireMessage();
    for (const part of fieldsOf(field.payload)) {
      const name = part.number === GRAPH_INPUT ? nameOf(part.payload) : undefined;
      if (name === undefined || !edit.inputs.has(name)) {
        graph.raw(part.whole);
        continue;
      }
      const replacement = edit.inputs.get(name);
      if (replacement !== undefined) graph.bytes(GRAPH_INPUT, replacement);
    }
    for (const output of outputs) graph.bytes(GRAPH_OUTPUT, output);
    chunks.push(...new WireMessage().message(MODEL_GRAPH, graph).chunks());
  }
  const notes = new WireMessage();
  for (const [key, value] of Object.entries(edit.metadata)) {
    notes.message(MODEL_METADATA, new WireMessage().text(1, key).text(2, value));
  }
  return joined([...chunks, ...notes.chunks()]);
}

function nameOf(valueInfo: Uint8Array): string {
  let name = '';
  for (const { number, payload } of fieldsOf(valueInfo)) {
    if (number === NAME) name = new TextDecoder().decode(payload);
  }
  return name;
}

function* fieldsOf(bytes: Uint8Array): Generator<WireField> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) break;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    throw damaged();
  };
  while (at < bytes.length) {
    const start = at;
    const tag = varint();
    let payload = bytes.subarray(0, 0);
    switch (tag & 7) {
      case VARINT:
        varint();
        break;
      case FIXED64:
        at += 8;
        break;
      case FIXED32:
        at += 4;
        break;
      case DELIMITED: {
        const length = varint();
        payload = bytes.subarray(at, at + length);
        at += length;
        break;
      }
      default:
        throw damaged();
    }
    if (at > bytes.length) throw damaged();
    yield { number: Math.floor(tag / 8), whole: bytes.subarray(start, at), payload };
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

function damaged(): Error {
  return invalidFile('the ONNX file is damaged: it is not made of protobuf fields');
}
