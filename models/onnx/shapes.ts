/**
 * Shapes within a foreign ONNX graph, for people and for counting: what the file says, and what follows from it through
 * the usual operators. Nothing rests on it but what is shown; where it is not sure it says nothing.
 */
import type { AttributeProto, GraphProto, NodeProto, TensorProto } from 'onnx-buf';

/** With the batch; null where a size is free. */
export type Dims = readonly (number | null)[];

/** Files may say anything, and shapes would grow from node to node. */
const MAX_RANK = 16;

const SAME_SHAPE = new Set(
  `Abs BatchNormalization Cast Ceil Celu Clip Dropout Elu Erf Exp Floor Gelu GroupNormalization HardSigmoid HardSwish
  Identity InstanceNormalization LayerNormalization LeakyRelu LogSoftmax Log LRN Mish Neg PRelu Reciprocal Relu Round Selu
  Sigmoid Softmax Softplus Softsign Sqrt Tanh ThresholdedRelu`.split(/\s+/),
);
const BROADCAST = new Set(['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Max', 'Min', 'Sum', 'Mean']);

export function dimsOf(tensor: TensorProto): number[] {
  return tensor.dims.map(Number);
}

/** Shapes by the name of the tensor: of initializers, inputs, and all that can be told of what nodes make. */
export function inferShapes(graph: GraphProto): ReadonlyMap<string, Dims> {
  const shapes = new Map<string, Dims>();
  const constants = new Map<string, TensorProto>();
  for (const tensor of graph.initializer) {
    constants.set(tensor.name, tensor);
    if (tensor.dims.length <= MAX_RANK) shapes.set(tensor.name, dimsOf(tensor));
  }
  for (const { name, type } of [...graph.input, ...graph.valueInfo, ...graph.output]) {
    const shape = type?.value.case === 'tensorType' ? type.value.value.shape : undefined;
    if (shape === undefined || shape.dim.length > MAX_RANK || shapes.has(name)) continue;
    shapes.set(
      name,
      shape.dim.map(({ value }) =>
        value.case === 'dimValue' && value.value > 0n ? Number(value.value) : null,
      ),
    );
  }
  for (const node of graph.node) {
    const [output] = node.output;
    if (output === undefined) continue;
    const constant = node.opType === 'Constant' ? attribute(node, 'value')?.t : undefined;
    if (constant !== undefined) constants.set(output, constant);
    const known = shapes.get(output);
    // A file that says only the rank says less than can be told.
    if (known?.slice(1).every((size) => size !== null)) continue;
    const told = constant === undefined ? shapeOf(node, shapes, constants) : dimsOf(constant);
    if (told !== undefined && told.length <= MAX_RANK) shapes.set(output, told);
  }
  return shapes;
}

function shapeOf(
  node: NodeProto,
  shapes: ReadonlyMap<string, Dims>,
  constants: ReadonlyMap<string, TensorProto>,
): Dims | undefined {
  const inputs = node.input.map((name) => shapes.get(name));
  const [first, second] = inputs;
  if (first === undefined) return undefined;
  if (SAME_SHAPE.has(node.opType)) return first;
  if (BROADCAST.has(node.opType)) return broadcast(inputs);
  switch (node.opType) {
    case 'Conv':
    case 'ConvTranspose': {
      if (second === undefined) return undefined;
      const groups = Number(attribute(node, 'group')?.i ?? 1n) || 1;
      const filters = node.opType === 'Conv' ? second[0] : (second[1] ?? 0) * groups;
      const spatial = slide(node, first.slice(2), second.slice(2));
      return spatial && [first[0] ?? null, filters ?? null, ...spatial];
    }
    case 'MaxPool':
    case 'AveragePool':
    case 'LpPool': {
      const spatial = slide(node, first.slice(2), ints(node, 'kernel_shape') ?? []);
      return spatial && [...first.slice(0, 2), ...spatial];
    }
    case 'GlobalAveragePool':
    case 'GlobalMaxPool':
      return [...first.slice(0, 2), ...first.slice(2).map(() => 1)];
    case 'Gemm': {
      const transposed = (name: string): boolean => (attribute(node, name)?.i ?? 0n) !== 0n;
      const rows = first[transposed('transA') ? 1 : 0];
      const columns = second?.[transposed('transB') ? 0 : 1];
      return columns === undefined ? undefined : [rows ?? null, columns];
    }
    case 'MatMul': {
      if (second === undefined || first.length < 2 || second.length < 2) return undefined;
      const batch = broadcast([first.slice(0, -2), second.slice(0, -2)]);
      return batch && [...batch, first.at(-2) ?? null, second.at(-1) ?? null];
    }
    case 'Flatten':
      return (attribute(node, 'axis')?.i ?? 1n) === 1n
        ? [first[0] ?? null, product(first.slice(1))]
        : undefined;
    case 'Transpose': {
      const order = ints(node, 'perm') ?? first.map((_, axis) => first.length - 1 - axis);
      return order.map((axis) => first[axis] ?? null);
    }
    case 'Concat': {
      const axis = from(Number(attribute(node, 'axis')?.i ?? 0n), first.length);
      const sizes = inputs.map((dims) => dims?.[axis] ?? null);
      return first.map((size, i) => (i === axis ? sum(sizes) : size));
    }
    case 'Reshape':
      return reshape(first, integers(constants.get(node.input[1] ?? '')));
    case 'ReduceMean':
    case 'ReduceSum':
    case 'ReduceMax': {
      const axes = ints(node, 'axes') ?? integers(constants.get(node.input[1] ?? ''));
      if (axes === undefined) return undefined;
      const reduced = new Set(axes.map((axis) => from(axis, first.length)));
      return (attribute(node, 'keepdims')?.i ?? 1n) === 1n
        ? first.map((size, axis) => (reduced.has(axis) ? 1 : size))
        : first.filter((_, axis) => !reduced.has(axis));
    }
    case 'Squeeze': {
      const axes = ints(node, 'axes') ?? integers(constants.get(node.input[1] ?? ''));
      const dropped = axes && new Set(axes.map((axis) => from(axis, first.length)));
      return dropped && first.filter((_, axis) => !dropped.has(axis));
    }
    case 'Unsqueeze': {
      const axes = ints(node, 'axes') ?? integers(constants.get(node.input[1] ?? ''));
      if (axes === undefined || axes.length > MAX_RANK) return undefined;
      const added = new Set(axes.map((axis) => from(axis, first.length + axes.length)));
      const rest = [...first];
      return Array.from({ length: first.length + axes.length }, (_, axis) =>
        added.has(axis) ? 1 : (rest.shift() ?? null),
      );
    }
    case 'Pad': {
      const pads = ints(node, 'pads') ?? integers(constants.get(node.input[1] ?? ''));
      // With a third input the pads are of some axes only.
      if (pads?.length !== 2 * first.length || node.input.length > 3) return undefined;
      return first.map((size, axis) => size && size + (pads[axis] ?? 0) + (pads[axis + first.length] ?? 0));
    }
    default:
      return undefined;
  }
}

/** Sizes that a window gives while it slides, or fills while it spreads. */
function slide(node: NodeProto, sizes: Dims, kernel: Dims): Dims | undefined {
  const autoPad = new TextDecoder().decode(attribute(node, 'auto_pad')?.s);
  const strides = ints(node, 'strides');
  const pads = ints(node, 'pads');
  const dilations = ints(node, 'dilations');
  if (sizes.length !== kernel.length || sizes.length === 0) return undefined;
  return sizes.map((size, axis) => {
    const window = kernel[axis] ?? null;
    if (size === null || window === null) return null;
    const stride = strides?.[axis] || 1;
    const reach = (window - 1) * (dilations?.[axis] || 1) + 1;
    const padded = (pads?.[axis] ?? 0) + (pads?.[axis + sizes.length] ?? 0);
    if (node.opType === 'ConvTranspose') {
      const given = ints(node, 'output_shape')?.[axis];
      if (given !== undefined) return given;
      if (autoPad.startsWith('SAME')) return size * stride;
      return stride * (size - 1) + (ints(node, 'output_padding')?.[axis] ?? 0) + reach - padded;
    }
    if (autoPad.startsWith('SAME')) return Math.ceil(size / stride);
    const round = (attribute(node, 'ceil_mode')?.i ?? 0n) === 0n ? Math.floor : Math.ceil;
    return round((size + padded - reach) / stride) + 1;
  });
}

function reshape(from: Dims, to: readonly number[] | undefined): Dims | undefined {
  if (to === undefined) return undefined;
  const dims = to.map((size, axis) => (size === 0 ? (from[axis] ?? null) : size));
  if (!dims.includes(-1)) return dims;
  if (dims[0] === -1 && from[0] === null) {
    return product(dims.slice(1)) === product(from.slice(1)) ? [null, ...dims.slice(1)] : undefined;
  }
  // The batch stays as it is, or is known.
  const rest = dims[0] === null && from[0] === null ? 1 : 0;
  const all = product(from.slice(rest));
  const others = product(dims.slice(rest).filter((size) => size !== -1));
  if (all === null || others === null || !Number.isSafeInteger(all / others)) return undefined;
  return dims.map((size) => (size === -1 ? all / others : size));
}

function broadcast(inputs: readonly (Dims | undefined)[]): Dims | undefined {
  const known = inputs.flatMap((dims) => (dims === undefined ? [] : [dims]));
  if (known.length !== inputs.length) return undefined;
  const rank = known.reduce((most, dims) => Math.max(most, dims.length), 0);
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = known.map((dims) => dims[axis - rank + dims.length]).filter((size) => size !== undefined);
    const larger = sizes.filter((size) => size !== null && size !== 1);
    if (larger.length > 0) return larger[0] ?? null;
    return sizes.includes(null) ? null : 1;
  });
}

/** Null where one is. */
export function product(sizes: Dims): number | null {
  return sizes.reduce((all, size) => (all === null || size === null ? null : all * size), 1);
}

function sum(sizes: Dims): number | null {
  return sizes.reduce((all, size) => (all === null || size === null ? null : all + size), 0);
}

/** An axis counted from the end. */
function from(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

export function attribute(node: NodeProto, name: string): AttributeProto | undefined {
  return node.attribute.find((entry) => entry.name === name);
}

function ints(node: NodeProto, name: string): number[] | undefined {
  const found = attribute(node, name)?.ints;
  return found === undefined || found.length === 0 ? undefined : found.map(Number);
}

/** The numbers of a small int64 tensor: a shape, axes, pads. */
function integers(tensor: TensorProto | undefined): number[] | undefined {
  if (tensor === undefined) return undefined;
  if (tensor.int64Data.length > 0) return tensor.int64Data.map(Number);
  const { rawData } = tensor;
  if (rawData === undefined || rawData.length === 0 || rawData.length > 8 * 64) return undefined;
  const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
  return Array.from({ length: Math.floor(rawData.length / 8) }, (_, i) =>
    Number(view.getBigInt64(8 * i, true)),
  );
}
