/**
 * Recurrent cells: as ONNX' own LSTM, GRU and RNN where these compute the same, else step by step in a Scan. ONNX Runtime
 * wants sequences with the steps first in the former, in any order in the latter.
 */
import {
  type Cell,
  type CellActivation,
  type Recurrence,
  type RecurrentOp,
  stateCount,
  unitsOf,
} from '../../graph/ops/recurrent.ts';
import { at, transposed, type Weight } from '../../graph/weight.ts';
import { lowerCell } from './cell.ts';
import type { Lower, Lowering } from './lowering.ts';

/** Names of what a recurrence gives: the sequence, the last output, then the states. */
type Results = readonly string[];

export const lowerRecurrent: Lower<RecurrentOp> = (op, inputs, lowering) => {
  const { recurrence, result } = op;
  // The outputs as ONNX Runtime gives them are shared; what turns them into Keras' form is written where it is needed.
  const form = nativeForm(recurrence);
  const names = lowering.shared(recurrence, () =>
    form === undefined ? scanned(recurrence, inputs, lowering) : native(recurrence, form, inputs, lowering),
  );
  const index = result === 'sequence' ? 0 : result === 'last' ? 1 : 2 + result.state;
  const name = names[index] ?? '';
  if (form === undefined) return name;
  const { op: emit, writer } = lowering;
  if (result !== 'sequence') return emit('Squeeze', [name, writer.integers([0])]);
  return emit('Transpose', [emit('Squeeze', [name, writer.integers([1])])], { perm: { ints: [1, 0, 2] } });
};

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

interface NativeForm {
  readonly operator: 'RNN' | 'LSTM' | 'GRU';
  readonly activations: readonly NativeActivation[];
}

/** The operator that computes the recurrence, undefined when there is none. */
function nativeForm({ cell, masked }: Recurrence): NativeForm | undefined {
  const inner = nativeActivation(cell.activation);
  const gates = cell.kind === 'simple' ? inner : nativeActivation(cell.recurrentActivation);
  if (masked || inner === undefined || gates === undefined) return undefined;
  const activations = { simple: [inner], gru: [gates, inner], lstm: [gates, inner, inner] }[cell.kind];
  return { operator: OPERATORS[cell.kind], activations };
}

function native(
  { cell, backwards, statesGiven }: Recurrence,
  { operator, activations }: NativeForm,
  inputs: readonly string[],
  lowering: Lowering,
): Results {
  const { writer, op: emit, layer } = lowering;
  const [sequence = '', ...states] = inputs;
  const outputs = ['Y', 'Y_h', 'Y_c'].slice(0, 1 + stateCount(cell));
  const results = outputs.map((output) => writer.name(`${layer.name}/${output}`));
  const initial = statesGiven
    ? [
        '',
        ...states.slice(0, stateCount(cell)).map((state) => emit('Unsqueeze', [state, writer.integers([0])])),
      ]
    : [];
  const operands = [
    emit('Transpose', [sequence], { perm: { ints: [1, 0, 2] } }),
    nativeKernel(cell, cell.kernel, lowering),
    nativeKernel(cell, cell.recurrentKernel, lowering),
    nativeBias(cell, lowering),
    ...initial,
  ];
  writer.node(operator, operands, results, {
    hidden_size: { int: unitsOf(cell) },
    direction: { text: backwards ? 'reverse' : 'forward' },
    activations: { texts: activations.map((activation) => activation.name) },
    activation_alpha: { floats: activations.flatMap(({ alpha }) => (alpha === undefined ? [] : [alpha])) },
    activation_beta: { floats: activations.flatMap(({ beta }) => (beta === undefined ? [] : [beta])) },
    ...(cell.kind === 'gru' ? { linear_before_reset: { int: cell.resetAfter ? 1 : 0 } } : {}),
  });
  const [sequenceName = '', hidden = '', ...others] = results;
  return [sequenceName, hidden, hidden, ...others];
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

/** The cell in the body of a Scan: any activation, and steps that a mask leaves out. */
function scanned(recurrence: Recurrence, inputs: readonly string[], lowering: Lowering): Results {
  const { cell, statesGiven, masked, zeroMasked, backwards } = recurrence;
  const { op: emit, writer, layer } = lowering;
  const [sequence = '', ...others] = inputs;
  const count = stateCount(cell);
  const zeros = (): string => {
    const batch = emit('Shape', [sequence], { start: { int: 0 }, end: { int: 1 } });
    const shape = emit('Concat', [batch, writer.integers([unitsOf(cell)])], { axis: { int: 0 } });
    return emit('ConstantOfShape', [shape]);
  };
  const initial = statesGiven ? others.slice(0, count) : Array.from({ length: count }, zeros);
  // What a masked step repeats begins as zeros, whatever the states are.
  const carriesOutput = masked && (statesGiven || zeroMasked);
  const carried = carriesOutput ? [...initial, zeros()] : initial;
  const mask = masked ? emit('Unsqueeze', [others.at(-1) ?? '', writer.integers([2])]) : undefined;
  const scannedInputs = [lowerCell.inputs(cell, sequence, lowering), ...(mask === undefined ? [] : [mask])];
  const fresh = (what: string): string => writer.name(`${layer.name}/${what}`);
  const stateNames = carried.map((_, i) => fresh(`state ${i}`));
  const step = fresh('step');
  const valid = mask === undefined ? undefined : fresh('valid');
  const zero = writer.scalar(0);
  const body = writer.subgraph(
    [
      ...stateNames.map((name) => ({ name, type: 'float32' as const })),
      { name: step, type: 'float32' },
      ...(valid === undefined ? [] : [{ name: valid, type: 'bool' as const }]),
    ],
    () => {
      const before = stateNames.slice(0, count);
      const after = lowerCell.step(cell, step, before, lowering);
      const [hidden = ''] = after;
      const kept =
        valid === undefined ? after : after.map((state, i) => emit('Where', [valid, state, before[i] ?? '']));
      let output = kept[0] ?? '';
      if (carriesOutput && valid !== undefined) {
        output = emit('Where', [valid, hidden, zeroMasked ? zero : (stateNames[count] ?? '')]);
      }
      const results = carriesOutput ? [...kept, emit('Identity', [output])] : kept;
      return [...results, emit('Identity', [output])].map((name) => ({ name, type: 'float32' as const }));
    },
  );
  const outputs = [...carried.map((_, i) => fresh(`end ${i}`)), fresh('outputs')];
  const direction = { ints: scannedInputs.map(() => (backwards ? 1 : 0)) };
  writer.node('Scan', [...carried, ...scannedInputs], outputs, {
    body,
    num_scan_inputs: { int: scannedInputs.length },
    scan_input_axes: { ints: scannedInputs.map(() => 1) },
    scan_input_directions: direction,
    scan_output_axes: { ints: [1] },
    scan_output_directions: { ints: [backwards ? 1 : 0] },
  });
  return [outputs.at(-1) ?? '', outputs[carriesOutput ? count : 0] ?? '', ...outputs.slice(0, count)];
}
