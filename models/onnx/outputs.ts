/** Which tensors of a foreign ONNX graph are served: its outputs, or any tensor within it by name. */
import { create, toBinary } from '@bufbuild/protobuf';
import { type GraphProto, type ValueInfoProto, ValueInfoProtoSchema } from 'onnx-buf';
import type { TensorSpec } from '../artifact.ts';
import { invalidFile, unsupportedPart } from '../model-error.ts';
import { inferShapes } from './shapes.ts';
import { dimsOfInfo, notNumbers, refuseType, tensorTypeOf } from './tensors.ts';

/** Names in an error message. */
const NAMES_MAX = 20;

export interface ServedOutputs {
  /** Types and sizes as far as the file tells them; trying the graph tells the rest. */
  readonly specs: readonly TensorSpec[];
  /** Declarations, written, of those that the graph has within but does not give yet. */
  readonly added: readonly Uint8Array[];
}

/**
 * Without a wanted one: all outputs that are tensors of numbers. Strings and sequences beside them are left out, and
 * the maps that scikit-learn's converter makes of probabilities are replaced by the probabilities.
 */
export function servedOutputs(graph: GraphProto, wanted: string | undefined): ServedOutputs {
  const within = tensorsWithin(graph);
  if (graph.output.length === 0) throw invalidFile('the graph has no outputs');
  const given = new Set(graph.output.map(({ name }) => name));
  const told = new Map(graph.valueInfo.map((info) => [info.name, info]));
  const infos = graph.output.map((info) => served(graph, info, told));
  let chosen: readonly ValueInfoProto[];
  if (wanted === undefined) {
    chosen = infos.filter((info) => notNumbers(info) === undefined);
    const [first] = infos;
    if (chosen.length === 0 && first !== undefined) {
      throw refuseType('output', first, notNumbers(first) ?? 'its type is not told');
    }
  } else {
    const own = infos.find((_, at) => graph.output[at]?.name === wanted);
    const inner = within.has(wanted) ? (told.get(wanted) ?? untold(wanted)) : undefined;
    const info = own ?? inner;
    if (info === undefined) throw noSuchOutput(wanted, [...given], [...within]);
    const what = notNumbers(info);
    if (what !== undefined) throw refuseType('output', info, what);
    chosen = [info];
  }
  const distinct = [...new Map(chosen.map((info) => [info.name, info])).values()];
  const shapes = inferShapes(graph);
  return {
    specs: distinct.map((info) => {
      const tensor = info.type?.value.case === 'tensorType' ? info.type.value.value : undefined;
      const dims = dimsOfInfo(info) ?? shapes.get(info.name) ?? [null, null];
      return { name: info.name, type: tensorTypeOf(tensor?.elemType) ?? 'float32', shape: dims.slice(1) };
    }),
    added: distinct
      .filter(({ name }) => !given.has(name))
      .map((info) => toBinary(ValueInfoProtoSchema, info)),
  };
}

/** An output, or where a ZipMap made it, the tensor that the maps are made of. */
function served(
  graph: GraphProto,
  info: ValueInfoProto,
  told: ReadonlyMap<string, ValueInfoProto>,
): ValueInfoProto {
  const zip = graph.node.find(({ opType, output }) => opType === 'ZipMap' && output[0] === info.name);
  const [probabilities] = zip?.input ?? [];
  return probabilities === undefined ? info : (told.get(probabilities) ?? untold(probabilities));
}

/** ONNX Runtime finds out what it is. */
function untold(name: string): ValueInfoProto {
  return create(ValueInfoProtoSchema, { name });
}

/** Of nodes, inputs and initializers; tensors of subgraphs are not the graph's own. */
function tensorsWithin(graph: GraphProto): ReadonlySet<string> {
  return new Set(graph.node.flatMap(({ output }) => output.filter((name) => name !== '')));
}

function noSuchOutput(wanted: string, outputs: readonly string[], within: readonly string[]): Error {
  const wantedPart = wanted.toLowerCase();
  const similar = within.filter((name) => name.toLowerCase().includes(wantedPart) && !outputs.includes(name));
  const inner = (similar.length > 0 ? similar : within).slice(0, NAMES_MAX);
  return unsupportedPart(
    `output "${wanted}"`,
    'the graph has no tensor of this name',
    `Its outputs are ${outputs.slice(0, NAMES_MAX).join(', ')}; tensors within it are ${inner.join(', ') || 'none'}${within.length > inner.length ? ', …' : ''}.`,
  );
}
