/** Changes to ONNX graphs that stay well-formed protobuf: what no damaged byte would find. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  FunctionProtoSchema,
  type GraphProto,
  ModelProtoSchema,
  NodeProtoSchema,
  SparseTensorProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProtoSchema,
} from 'onnx-buf';
import type { Random } from './random.ts';

const INTEGERS = [0n, -1n, 1n, 2n, 3n, 1000n, 2n ** 31n, 2n ** 40n, -(2n ** 63n), 2n ** 63n - 1n];
const OPERATORS = [
  'Identity',
  'Reshape',
  'Loop',
  'If',
  'Scan',
  'Conv',
  'Gather',
  'Tile',
  'Expand',
  'Resize',
  'LSTM',
  'ConstantOfShape',
  'Range',
  'NoSuchThing',
];

export function mutateOnnx(random: Random, original: Uint8Array): { what: string; bytes: Uint8Array } {
  const model = fromBinary(ModelProtoSchema, original);
  const { graph } = model;
  if (graph === undefined) throw new Error('a good model has a graph');
  const count = 1 + random.below(2);
  const done: string[] = [];
  for (let i = 0; i < count; i++) {
    if (random.below(8) === 0) {
      model.functions.push(
        create(FunctionProtoSchema, { name: 'Relu', domain: '', node: graph.node.slice(0, 3) }),
      );
      done.push('a function');
    } else if (random.below(10) === 0) {
      for (const opset of model.opsetImport) opset.version = random.pick(INTEGERS);
      done.push('another opset');
    } else done.push(mutateGraph(random, graph));
  }
  return { what: done.join('; '), bytes: toBinary(ModelProtoSchema, model) };
}

function mutateGraph(random: Random, graph: GraphProto): string {
  const names = graph.node.flatMap(({ input, output }) => [...input, ...output]);
  switch (random.below(9)) {
    case 0: {
      const specs = [...graph.input, ...graph.output];
      if (specs.length === 0) return 'nothing';
      const spec = random.pick(specs);
      if (spec.type?.value.case !== 'tensorType') return 'nothing';
      const tensor = spec.type.value.value;
      const dims = tensor.shape?.dim ?? [];
      if (dims.length === 0 || random.below(3) === 0) {
        tensor.elemType = random.below(25);
        return `${spec.name} has type ${tensor.elemType}`;
      }
      const dim = random.pick(dims);
      dim.value = { case: 'dimValue', value: random.pick(INTEGERS) };
      return `${spec.name} has an axis of ${dim.value.value}`;
    }
    case 1: {
      if (graph.node.length === 0 || names.length === 0) return 'nothing';
      const node = random.pick(graph.node);
      const list = random.below(2) === 0 ? node.input : node.output;
      const name = random.pick([...names, '', 'nowhere']);
      if (list.length === 0) list.push(name);
      else list[random.below(list.length)] = name;
      return `${node.opType} uses or makes "${name}"`;
    }
    case 2: {
      if (graph.node.length === 0) return 'nothing';
      const node = random.pick(graph.node);
      node.opType = random.pick([...OPERATORS, random.pick(graph.node).opType]);
      return `a node is ${node.opType}`;
    }
    case 3: {
      const attributes = graph.node.flatMap(({ attribute }) => attribute);
      if (attributes.length === 0) return 'nothing';
      const attribute = random.pick(attributes);
      attribute.i = random.pick(INTEGERS);
      attribute.ints = attribute.ints.map((value) => (random.below(2) === 0 ? value : random.pick(INTEGERS)));
      if (random.below(3) === 0) attribute.type = random.below(15);
      if (random.below(4) === 0) attribute.ints.push(random.pick(INTEGERS));
      return `attribute ${attribute.name} = ${attribute.i}, ${attribute.ints}`;
    }
    case 4: {
      if (graph.initializer.length === 0) return 'nothing';
      const tensor = random.pick(graph.initializer);
      const i = random.below(tensor.dims.length + 1);
      tensor.dims[i] = random.pick(INTEGERS);
      return `tensor ${tensor.name} has shape ${tensor.dims}`;
    }
    case 5: {
      if (graph.initializer.length === 0) return 'nothing';
      const tensor = random.pick(graph.initializer);
      tensor.dataType = random.below(25);
      return `tensor ${tensor.name} has type ${tensor.dataType}`;
    }
    case 6:
      return hideExternal(random, graph);
    case 7: {
      const { node } = graph;
      if (node.length === 0) return 'nothing';
      node.splice(random.below(node.length), random.below(2), ...node.slice(0, random.below(3)));
      return 'nodes repeated or removed';
    }
    default: {
      graph.node.reverse();
      return 'nodes reversed';
    }
  }
}

/** Data from another file, in one of the places where a tensor can be. */
function hideExternal(random: Random, graph: GraphProto): string {
  const external = externalTensor(random);
  const { TENSOR, TENSORS, GRAPH, SPARSE_TENSOR } = AttributeProto_AttributeType;
  const sparse = { values: external, dims: [4n] };
  const attributes = [
    { name: 'value', type: TENSOR, t: external },
    { name: 'values', type: TENSORS, tensors: [external] },
    { name: 'body', type: GRAPH, g: { name: 'inner', initializer: [external] } },
    { name: 'sparse_value', type: SPARSE_TENSOR, sparseTensor: sparse },
  ];
  const place = random.below(3);
  if (place === 0) graph.initializer.push(external);
  else if (place === 1) graph.sparseInitializer.push(create(SparseTensorProtoSchema, sparse));
  else {
    const attribute = create(AttributeProtoSchema, random.pick(attributes));
    graph.node.push(
      create(NodeProtoSchema, { opType: 'Constant', output: ['hidden'], attribute: [attribute] }),
    );
  }
  return 'external data';
}

function externalTensor(random: Random): TensorProto {
  const location = random.pick(['/etc/passwd', '../../../etc/passwd', 'weights.bin', '']);
  return create(TensorProtoSchema, {
    name: 'weights',
    dataType: 1,
    dims: [4n],
    dataLocation: random.pick([
      TensorProto_DataLocation.EXTERNAL,
      TensorProto_DataLocation.EXTERNAL,
      TensorProto_DataLocation.DEFAULT,
    ]),
    externalData: [create(StringStringEntryProtoSchema, { key: 'location', value: location })],
  });
}
