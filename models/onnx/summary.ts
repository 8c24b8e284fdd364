/** The nodes of a foreign ONNX graph as layers are shown: shapes and FLOPs where they can be told. */
import type { GraphProto, ModelProto, NodeProto } from 'onnx-buf';
import type { LayerSummary, Manifest } from '../artifact.ts';
import { attribute, type Dims, dimsOf, inferShapes, product } from './shapes.ts';

const MAX_NODES = 5_000;
const MAX_CONNECTIONS = 100;
const MAX_TEXT_LENGTH = 40;

export function summarizeOnnx(
  model: ModelProto,
  graph: GraphProto,
): Pick<Manifest, 'layers' | 'parameterCount' | 'producer' | 'flops'> {
  const shapes = inferShapes(graph);
  const initialized = new Map(graph.initializer.map((tensor) => [tensor.name, product(dimsOf(tensor)) ?? 0]));
  const parameterCount = safe([...initialized.values()].reduce((sum, size) => sum + size, 0)) ?? 0;
  const madeBy = new Map<string, string>();
  const counted = new Set<string>();
  let total: number | undefined = 0;
  const layers = graph.node.map((node): LayerSummary => {
    const name = node.name || (node.output[0] ?? 'unnamed');
    for (const output of node.output) madeBy.set(output, name);
    // A tensor that several nodes use is counted at the first.
    const own = [...new Set(node.input)].filter((input) => initialized.has(input) && !counted.has(input));
    for (const input of own) counted.add(input);
    const flops = flopsOf(node, shapes);
    total = flops === undefined || total === undefined ? undefined : safe(total + flops);
    const dims = shapes.get(node.output[0] ?? '');
    return {
      name,
      className: node.opType,
      outputShape: dims?.slice(1) ?? [],
      parameterCount: safe(own.reduce((sum, input) => sum + (initialized.get(input) ?? 0), 0)) ?? 0,
      ...(flops === undefined ? {} : { flops }),
      connectedTo: node.input
        .slice(0, MAX_CONNECTIONS)
        .flatMap((input) => madeBy.get(input) ?? (initialized.has(input) || input === '' ? [] : input)),
    };
  });
  return {
    layers: layers.slice(0, MAX_NODES),
    parameterCount,
    producer: producerOf(model),
    ...(total === undefined ? {} : { flops: total }),
  };
}

/** For one input row; undefined where a shape is not known, or where a graph within the node may compute anything. */
function flopsOf(node: NodeProto, shapes: ReadonlyMap<string, Dims>): number | undefined {
  const [first, second] = node.input.map((name) => shapes.get(name));
  const output = shapes.get(node.output[0] ?? '');
  switch (node.opType) {
    case 'Conv':
    case 'ConvTranspose': {
      // Every number of the kernel is used once for every position that comes out, or that went in.
      const positions = (node.opType === 'Conv' ? output : first)?.slice(2);
      return twice(second && product(second), positions && product(positions));
    }
    case 'Gemm': {
      const inner = first?.[(attribute(node, 'transA')?.i ?? 0n) !== 0n ? 0 : 1];
      return twice(inner, output && product(output.slice(1)));
    }
    case 'MatMul':
      return twice(first?.at(-1), output && product(output.slice(1)));
    case 'LSTM':
    case 'GRU':
    case 'RNN':
    case 'Einsum':
    case 'If':
    case 'Loop':
    case 'Scan':
    case 'Attention':
    case 'ConvInteger':
    case 'MatMulInteger':
    case 'QLinearConv':
    case 'QLinearMatMul':
      return undefined;
    default:
      return 0;
  }
}

function twice(a: number | null | undefined, b: number | null | undefined): number | undefined {
  return a === null || a === undefined || b === null || b === undefined ? undefined : safe(2 * a * b);
}

/** Sizes in a file may be anything. */
function safe(count: number): number | undefined {
  return Number.isSafeInteger(count) && count >= 0 ? count : undefined;
}

/** `opset 17, pytorch 2.1.0` */
function producerOf({ opsetImport, producerName, producerVersion }: ModelProto): string {
  const opset = opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version;
  const producer = `${producerName} ${producerVersion}`.trim().slice(0, MAX_TEXT_LENGTH);
  return [opset === undefined ? '' : `opset ${opset}`, producer].filter(Boolean).join(', ');
}
