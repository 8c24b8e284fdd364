/**
 * Registers an ONNX file: its nodes and weights are kept byte for byte. Only what the file says of its inputs and
 * outputs is rewritten: sizes that were left open, inputs that nothing reads, a tensor within that is to be served.
 */
import { createHash } from 'node:crypto';
import { fromBinary } from '@bufbuild/protobuf';
import { type GraphProto, type ModelProto, ModelProtoSchema, type ValueInfoProto } from 'onnx-buf';
import { messageOf } from '../../common/errors.ts';
import type { CompiledModel, CompileOptions } from '../artifact.ts';
import { invalidFile } from '../model-error.ts';
import { imageInput } from './image.ts';
import { BATCH_DEPENDENT } from './opsets.ts';
import { servedOutputs } from './outputs.ts';
import { everyNode, refuseUnsafe } from './scan.ts';
import { oneRow, refuseBatches, settleSizes } from './sizes.ts';
import { summarizeOnnx } from './summary.ts';
import { describeInput, toSpec, withDims } from './tensors.ts';
import { editGraph } from './wire-edit.ts';

/** What ONNX Runtime takes for its own format, whatever protobuf would make of it. */
const ORT_FORMAT = 'ORTM';

/**
 * @param bytes the file; the artifact is these bytes with inputs and outputs as they are served, and a note of the
 * options at their end
 * Throws a ModelError when the file is damaged, reaches outside itself or takes what cannot be fed.
 */
export function registerOnnx(
  bytes: Uint8Array,
  options: CompileOptions,
  compilerVersion: number,
): CompiledModel {
  const model = parse(bytes);
  refuseUnsafe(model);
  const { graph } = model;
  if (graph === undefined) throw invalidFile('the ONNX file holds no graph');
  refuseTwice(graph);
  const initialized = new Set(graph.initializer.map(({ name }) => name));
  const read = tensorsRead(graph);
  const fed = graph.input.filter(({ name }) => !initialized.has(name) && read.has(name));
  const sized = settleSizes(fed.map(describeInput), options.inputShape);
  refuseBatches(sized);
  const byRow = [...everyNode(model)].some(({ opType }) => BATCH_DEPENDENT.has(opType));
  const declared = byRow ? oneRow(sized) : sized;
  const image = imageInput(declared, options);
  const { specs, added } = servedOutputs(graph, options.output);
  // Inputs that have a value already and inputs that nothing reads are none that anybody has to give.
  const inputs = new Map<string, Uint8Array | undefined>();
  for (const { name } of graph.input) inputs.set(name, undefined);
  fed.forEach((info, at) => {
    inputs.set(info.name, withDims(info, declared[at]?.dims ?? []));
  });
  const onnx = editGraph(bytes, {
    inputs,
    outputs: added,
    // The same graph under another preprocess or output gives other answers: it must have another digest.
    metadata: { 'sqlens.preprocess': options.preprocess, 'sqlens.output': options.output ?? '' },
  });
  return {
    onnx,
    manifest: {
      digest: digestOf(onnx),
      format: 'onnx',
      preprocess: options.preprocess,
      compilerVersion,
      inputs: declared.map(toSpec),
      image,
      outputs: specs,
      ...summarizeOnnx(model, graph),
      size_bytes: onnx.byteLength,
    },
  };
}

/** The same model for one row at a time: for graphs that say they take any batch, and do not. */
export function pinToOneRow({ onnx, manifest }: CompiledModel): CompiledModel {
  const { graph } = parse(onnx);
  const dims = oneRow((graph?.input ?? []).map(describeInput));
  const inputs = new Map(
    (graph?.input ?? []).map((info, at) => [info.name, withDims(info, dims[at]?.dims ?? [])]),
  );
  const pinned = editGraph(onnx, { inputs, outputs: [], metadata: {} });
  const { image } = manifest;
  return {
    onnx: pinned,
    manifest: {
      ...manifest,
      digest: digestOf(pinned),
      size_bytes: pinned.byteLength,
      image: image && { ...image, dynamicBatch: false },
    },
  };
}

function digestOf(onnx: Uint8Array): string {
  return createHash('sha256').update(onnx).digest('hex');
}

function parse(bytes: Uint8Array): ModelProto {
  if (new TextDecoder('latin1').decode(bytes.subarray(4, 8)) === ORT_FORMAT) {
    throw invalidFile(
      "the file is in ONNX Runtime's own format",
      'Register the .onnx file that it was made from.',
    );
  }
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    throw invalidFile(`the ONNX file is damaged or cut off: ${messageOf(error)}`, undefined, error);
  }
}

function refuseTwice({ input }: GraphProto): void {
  const seen = new Set<string>();
  for (const { name } of input) {
    if (name === '' || seen.has(name)) {
      throw invalidFile(name === '' ? 'an input has no name' : `two inputs are called "${name}"`);
    }
    seen.add(name);
  }
}

/** Names that nodes read, those of subgraphs included, and that are outputs themselves. */
function tensorsRead(graph: GraphProto): ReadonlySet<string> {
  const names = new Set<string>();
  const note = ({ node, output }: { node: GraphProto['node']; output: readonly ValueInfoProto[] }): void => {
    for (const { name } of output) names.add(name);
    for (const { input, attribute } of node) {
      for (const name of input) names.add(name);
      for (const { g, graphs } of attribute)
        for (const inner of g === undefined ? graphs : [g, ...graphs]) note(inner);
    }
  };
  note(graph);
  return names;
}
