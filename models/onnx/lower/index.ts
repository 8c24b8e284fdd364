/** Lowers a graph to ONNX: one function for each kind of node, one table that fails to compile when one is missing. */
import type { Graph, Node } from '../../graph/graph.ts';
import type { Value } from '../../graph/ops/definition.ts';
import type { Op, OpKind, OpOfKind } from '../../graph/ops/index.ts';
import type { Weight } from '../../graph/weight.ts';
import { compilerDefect } from '../../model-error.ts';
import { OnnxGraphWriter } from '../graph-writer.ts';
import { lowerActivation } from './activation.ts';
import { lowerElementwise } from './arithmetic.ts';
import { lowerChoose, lowerConstant } from './constant.ts';
import { lowerConvRecurrent } from './conv-recurrent.ts';
import { lowerConv, lowerConvTranspose, lowerDense } from './convolution.ts';
import {
  lowerAffine,
  lowerCast,
  lowerConcat,
  lowerGather,
  lowerMerge,
  lowerPrelu,
  lowerReshape,
  lowerSoftmax,
  lowerTranspose,
} from './elementwise.ts';
import { lowerGroupNormalization, lowerLayerNormalization } from './feature-normalization.ts';
import type { Lower, Lowering } from './lowering.ts';
import { lowerPad } from './padding.ts';
import { lowerAdaptivePool, lowerGlobalPool, lowerPool } from './pooling.ts';
import { lowerRecurrent } from './recurrent.ts';
import { lowerCumulativeSum, lowerReduce, lowerSlice, lowerTopK } from './reducing.ts';
import { lowerResize } from './resize.ts';
import { lowerEinsum, lowerEmbedding, lowerExpand, lowerMatmul, lowerSteps } from './sequence.ts';

/** Training nodes have no inference form: the inference passes replace them. */
function replacedByPasses(op: Op): never {
  throw compilerDefect(`a ${op.kind} node reached ONNX`);
}

const LOWERINGS: { readonly [K in OpKind]: Lower<OpOfKind<K>> } = {
  activation: lowerActivation,
  adaptivePool: lowerAdaptivePool,
  affine: lowerAffine,
  batchNormalization: replacedByPasses,
  cast: lowerCast,
  choose: lowerChoose,
  concat: lowerConcat,
  constant: lowerConstant,
  conv: lowerConv,
  convRecurrent: lowerConvRecurrent,
  convTranspose: lowerConvTranspose,
  cumulativeSum: lowerCumulativeSum,
  dense: lowerDense,
  einsum: lowerEinsum,
  elementwise: lowerElementwise,
  embedding: lowerEmbedding,
  expand: lowerExpand,
  gather: lowerGather,
  globalPool: lowerGlobalPool,
  groupNormalization: lowerGroupNormalization,
  input: replacedByPasses,
  layerNormalization: lowerLayerNormalization,
  matmul: lowerMatmul,
  merge: lowerMerge,
  noise: replacedByPasses,
  pad: lowerPad,
  pool: lowerPool,
  prelu: lowerPrelu,
  recurrent: lowerRecurrent,
  reduce: lowerReduce,
  reshape: lowerReshape,
  resize: lowerResize,
  slice: lowerSlice,
  softmax: lowerSoftmax,
  steps: lowerSteps,
  topK: lowerTopK,
  transpose: lowerTranspose,
};

function loweringOf<K extends OpKind>(op: OpOfKind<K>): Lower<OpOfKind<K>>;
function loweringOf(op: Op): unknown {
  return LOWERINGS[op.kind];
}

/**
 * Writes a graph as an ONNX model whose batch axis is free. Deterministic: the same graph gives the same bytes.
 *
 * @param producerVersion stands in the file as the producer's version
 */
export function lowerToOnnx(graph: Graph, producerVersion: string): Uint8Array {
  const writer = new OnnxGraphWriter();
  const names = new Map<Value, string>();
  const reserved = new Map<Value, string>();
  for (const node of graph.nodes) {
    if (node.op.kind !== 'input') continue;
    const name = writer.name(node.op.name);
    if (name !== node.op.name) throw compilerDefect(`two inputs are called ${node.op.name}`);
    names.set(node.output, name);
    writer.input(name, node.output.type, node.output.shape);
  }
  for (const { name, value } of graph.outputs) {
    if (writer.name(name) !== name) throw compilerDefect(`two outputs are called ${name}`);
    // An input, or a value that is served twice, gets its name from an Identity below.
    if (!names.has(value) && !reserved.has(value)) reserved.set(value, name);
  }
  const weights = new Map<string, Map<Weight, string>>();
  const results: SharedResults = new Map();
  for (const node of graph.nodes) {
    if (node.op.kind === 'input') continue;
    const inputs = node.inputs.map((value) => {
      const name = names.get(value);
      if (name === undefined) throw compilerDefect(`value ${value.id} is used before it is made`);
      return name;
    });
    names.set(node.output, lowerNode(node, inputs, writer, weights, results, reserved.get(node.output)));
  }
  for (const { name, value } of graph.outputs) {
    const made = names.get(value);
    if (made === undefined) throw compilerDefect(`output ${name} is never made`);
    if (made !== name) writer.node('Identity', [made], [name], {});
    writer.output(name, value.type, value.shape);
  }
  return writer.toBytes(producerVersion);
}

/** What several nodes share, by who owns it and the names of its inputs. */
type SharedResults = Map<object, Map<string, readonly string[]>>;

function lowerNode(
  node: Node,
  inputs: readonly string[],
  writer: OnnxGraphWriter,
  weights: Map<string, Map<Weight, string>>,
  results: SharedResults,
  outputName: string | undefined,
): string {
  const lowering: Lowering = {
    writer,
    layer: node.layer,
    inputs: node.inputs,
    output: node.output,
    op(type, operands, attributes = {}) {
      const output = writer.name(`${node.layer.name}/${type}`);
      writer.node(type, operands, [output], attributes);
      return output;
    },
    shared(owner, make) {
      const byInputs = results.get(owner) ?? new Map<string, readonly string[]>();
      results.set(owner, byInputs);
      const key = inputs.join('\n');
      const known = byInputs.get(key);
      if (known !== undefined) return known;
      const made = make();
      byInputs.set(key, made);
      return made;
    },
    weight(weight, form, make = () => weight) {
      const forms = weights.get(form) ?? new Map<Weight, string>();
      weights.set(form, forms);
      const known = forms.get(weight);
      if (known !== undefined) return known;
      const { shape, data } = make();
      const name = writer.floats(weight.name, shape, data);
      forms.set(weight, name);
      return name;
    },
  };
  const made = loweringOf(node.op)(node.op, inputs, lowering);
  if (outputName === undefined) return made;
  writer.node('Identity', [made], [outputName], {});
  return outputName;
}
