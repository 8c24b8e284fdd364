/**
 * What a stranger's ONNX file must not hold: data that lies in other files, operators that are not built into ONNX
 * Runtime, functions without end. Looks everywhere a tensor can hide: initializers, attributes, subgraphs, functions.
 */
import {
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type SparseTensorProto,
  type TensorProto,
  TensorProto_DataLocation,
} from 'onnx-buf';
import { invalidFile, unsupportedPart } from '../model-error.ts';
import { LocalFunctions } from './functions.ts';
import { isBuiltIn, refuseVersions } from './opsets.ts';

/** Throws a ModelError naming the tensor or node that is refused. */
export function refuseUnsafe(model: ModelProto): void {
  refuseVersions(model);
  const functions = new LocalFunctions(model.functions);
  if (model.graph !== undefined) functions.count(model.graph.node);
  for (const one of functions.all) functions.count(one.node);
  const { graph, trainingInfo } = model;
  const graphs = [
    graph,
    ...trainingInfo.flatMap(({ initialization, algorithm }) => [initialization, algorithm]),
  ];
  for (const one of graphs) if (one !== undefined) scanGraph(one, functions);
  for (const { node, attributeProto } of functions.all) {
    for (const one of node) scanNode(one, functions);
    for (const one of attributeProto) scanAttribute(one, functions);
  }
}

/** All nodes, those of subgraphs and functions included. */
export function* everyNode(model: ModelProto): Generator<NodeProto> {
  const open = [model.graph?.node ?? [], ...model.functions.map(({ node }) => node)];
  for (let nodes = open.pop(); nodes !== undefined; nodes = open.pop()) {
    for (const node of nodes) {
      yield node;
      for (const { g, graphs } of node.attribute) {
        for (const graph of g === undefined ? graphs : [g, ...graphs]) open.push(graph.node);
      }
    }
  }
}

function scanGraph(graph: GraphProto, functions: LocalFunctions): void {
  for (const tensor of graph.initializer) scanTensor(tensor);
  for (const sparse of graph.sparseInitializer) scanSparse(sparse);
  for (const node of graph.node) scanNode(node, functions);
}

function scanNode(node: NodeProto, functions: LocalFunctions): void {
  if (functions.of(node) === undefined && !isBuiltIn(node.domain, node.opType)) {
    throw unsupportedPart(
      `node "${node.name || node.output[0]}" (${node.opType})`,
      `its operator belongs to "${node.domain}"; only operators of ONNX, and those of ONNX Runtime for optimized and quantized models, run`,
      'Export the model without custom operators.',
    );
  }
  for (const attribute of node.attribute) scanAttribute(attribute, functions);
}

function scanAttribute(attribute: AttributeProto, functions: LocalFunctions): void {
  const { t, tensors, g, graphs, sparseTensor, sparseTensors } = attribute;
  for (const tensor of t === undefined ? tensors : [t, ...tensors]) scanTensor(tensor);
  for (const sparse of sparseTensor === undefined ? sparseTensors : [sparseTensor, ...sparseTensors]) {
    scanSparse(sparse);
  }
  for (const graph of g === undefined ? graphs : [g, ...graphs]) scanGraph(graph, functions);
}

function scanSparse({ values, indices }: SparseTensorProto): void {
  for (const tensor of [values, indices]) if (tensor !== undefined) scanTensor(tensor);
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
