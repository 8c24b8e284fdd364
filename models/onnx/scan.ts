/**
 * What a stranger's ONNX file must not hold: data that lies in other files, operators that are not ONNX' own, functions.
 * Looks everywhere a tensor can hide: initializers, attributes, subgraphs.
 */
import {
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  TensorProto_DataLocation,
} from 'onnx-buf';
import { MODEL_LIMITS } from '../limits.ts';
import { invalidFile, tooLarge, unsupportedPart } from '../model-error.ts';

/** ONNX' own operators, and its classical machine learning ones: both are built into ONNX Runtime. */
const DOMAINS = new Set(['', 'ai.onnx', 'ai.onnx.ml']);

/** Throws a ModelError naming the tensor or node that is refused. */
export function refuseUnsafe(model: ModelProto): void {
  if (model.functions.length > 0) {
    const [first] = model.functions;
    throw invalidFile(
      `the file defines functions of its own (${first?.name ?? 'unnamed'}), which are not supported`,
      'Export the model with its functions inlined.',
    );
  }
  if (model.graph !== undefined) scanGraph(model.graph, { nodes: 0 });
}

function scanGraph(graph: GraphProto, seen: { nodes: number }): void {
  for (const tensor of graph.initializer) scanTensor(tensor);
  for (const sparse of graph.sparseInitializer) {
    for (const tensor of [sparse.values, sparse.indices]) if (tensor) scanTensor(tensor);
  }
  for (const node of graph.node) {
    seen.nodes++;
    if (seen.nodes > MODEL_LIMITS.onnxNodes)
      throw tooLarge(`the graph has more than ${MODEL_LIMITS.onnxNodes} nodes`);
    scanNode(node, seen);
  }
}

function scanNode(node: NodeProto, seen: { nodes: number }): void {
  if (!DOMAINS.has(node.domain)) {
    throw unsupportedPart(
      `node "${node.name || node.output[0]}" (${node.opType})`,
      `its operator belongs to "${node.domain}"; only ONNX' own operators run`,
      'Export the model without custom operators.',
    );
  }
  for (const attribute of node.attribute) scanAttribute(attribute, seen);
}

function scanAttribute(attribute: AttributeProto, seen: { nodes: number }): void {
  const { t, tensors, g, graphs, sparseTensor, sparseTensors } = attribute;
  for (const tensor of t === undefined ? tensors : [t, ...tensors]) scanTensor(tensor);
  for (const sparse of sparseTensor === undefined ? sparseTensors : [sparseTensor, ...sparseTensors]) {
    for (const tensor of [sparse.values, sparse.indices]) if (tensor) scanTensor(tensor);
  }
  for (const graph of g === undefined ? graphs : [g, ...graphs]) scanGraph(graph, seen);
}

function scanTensor(tensor: TensorProto): void {
  if (tensor.dataLocation === TensorProto_DataLocation.EXTERNAL || tensor.externalData.length > 0) {
    const location = tensor.externalData.find(({ key }) => key === 'location')?.value;
    throw invalidFile(
      `tensor "${tensor.name}" has its data in another file${location ? ` (${location})` : ''}`,
      'Save the ONNX model with all data in one file.',
    );
  }
}
