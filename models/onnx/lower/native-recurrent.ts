/** ONNX' own recurrent operators: their activations, and Keras' gates in their order. */
import {
  type Cell,
  type CellActivation,
  type Recurrence,
  stateCount,
  unitsOf,
} from '../../graph/ops/recurrent.ts';
import { at, transposed, type Weight } from '../../graph/weight.ts';
import type { Lowering } from './lowering.ts';

interface NativeActivation {
  readonly name: string;
  readonly alpha?: number;
  readonly beta?: number;
}

/** ONNX Runtime's name of an activation within its recurrent operators. */
function nativeActivation(activation: CellActivation): NativeActivation | undefined {
  if (activation.kind === 'linear') return { name: 'Affine', alpha: 1, beta: 0 };
  if (activation.kind === 'softmax') return undefined;
  const { fn } = activation;
  if (fn.name === 'tanh') return { name: 'Tanh' };
  if (fn.name === 'sigmoid') return { name: 'Sigmoid' };
  if (fn.name === 'hardSigmoid') return { name: 'HardSigmoid', alpha: fn.slope, beta: 0.5 };
  const plainRelu =
    fn.name === 'relu' && fn.maxValue === undefined && fn.negativeSlope === 0 && fn.threshold === 0;
  return plainRelu ? { name: 'Relu' } : undefined;
}

const OPERATORS = { simple: 'RNN', lstm: 'LSTM', gru: 'GRU' } as const;

/** Blocks of gates in ONNX' order, as positions in Keras'. */
const GATES: Readonly<Record<Cell['kind'], readonly number[]>> = {
  simple: [0],
  lstm: [0, 3, 1, 2],
  gru: [0, 1, 2],
};

export interface NativeForm {
  readonly operator: 'RNN' | 'LSTM' | 'GRU';
  readonly activations: readonly NativeActivation[];
}

/** The operator that computes the recurrence, undefined when there is none. */
export function nativeForm({ cell }: Recurrence): NativeForm | undefined {
  const inner = nativeActivation(cell.activation);
  const gates = cell.kind === 'simple' ? inner : nativeActivation(cell.recurrentActivation);
  if (inner === undefined || gates === undefined) return undefined;
  const activations = { simple: [inner], gru: [gates, inner], lstm: [gates, inner, inner] }[cell.kind];
  return { operator: OPERATORS[cell.kind], activations };
}

/**
 * Writes the operator; gives the names of its outputs: the sequence [steps, 1, batch, units], then each state
 * [1, batch, units].
 *
 * @param sequence [batch, steps, features]
 * @param lengths how many steps of each row count, of type int32; undefined for all
 */
export function writeNative(
  { cell, backwards }: Recurrence,
  { operator, activations }: NativeForm,
  sequence: string,
  states: readonly string[],
  lengths: string | undefined,
  lowering: Lowering,
): readonly string[] {
  const { writer, op: emit, layer } = lowering;
  const outputs = ['Y', 'Y_h', 'Y_c'].slice(0, 1 + stateCount(cell));
  const results = outputs.map((output) => writer.name(`${layer.name}/${output}`));
  const operands = [
    emit('Transpose', [sequence], { perm: { ints: [1, 0, 2] } }),
    nativeKernel(cell, cell.kernel, lowering),
    nativeKernel(cell, cell.recurrentKernel, lowering),
    nativeBias(cell, lowering),
    lengths ?? '',
    ...states.map((state) => emit('Unsqueeze', [state, writer.integers([0])])),
  ];
  writer.node(operator, operands, results, {
    hidden_size: { int: unitsOf(cell) },
    direction: { text: backwards ? 'reverse' : 'forward' },
    activations: { texts: activations.map((activation) => activation.name) },
    activation_alpha: { floats: activations.flatMap(({ alpha }) => (alpha === undefined ? [] : [alpha])) },
    activation_beta: { floats: activations.flatMap(({ beta }) => (beta === undefined ? [] : [beta])) },
    ...(cell.kind === 'gru' ? { linear_before_reset: { int: cell.resetAfter ? 1 : 0 } } : {}),
  });
  return results;
}

/** [inputs, gates · units] in Keras' order of gates → [1, gates · units, inputs] in ONNX'. */
function nativeKernel(cell: Cell, kernel: Weight, { weight }: Lowering): string {
  return weight(kernel, `${cell.kind} gates first`, () => {
    const [inputs, columns] = [at(kernel.shape, 0), at(kernel.shape, 1)];
    const data = transposed(kernel.data, kernel.shape, [1, 0]);
    return { shape: [1, columns, inputs], data: reordered(cell, data) };
  });
}

/** The biases of the inputs, then those of the states. */
function nativeBias(cell: Cell, { weight }: Lowering): string {
  const { bias } = cell;
  if (bias === undefined) return '';
  return weight(bias, `${cell.kind} gates`, () => {
    const length = unitsOf(cell) * GATES[cell.kind].length;
    const data = new Float32Array(2 * length);
    data.set(reordered(cell, bias.data.subarray(0, length)));
    if (bias.data.length > length) data.set(reordered(cell, bias.data.subarray(length)), length);
    return { shape: [1, 2 * length], data };
  });
}

function reordered(cell: Cell, data: Float32Array): Float32Array {
  const order = GATES[cell.kind];
  const block = data.length / order.length;
  const result = new Float32Array(data.length);
  order.forEach((from, to) => {
    result.set(data.subarray(from * block, (from + 1) * block), to * block);
  });
  return result;
}
