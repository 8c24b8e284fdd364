import type { ConvRecurrentOp } from '../../graph/ops/conv-recurrent.ts';
import type { CellActivation } from '../../graph/ops/recurrent.ts';
import { at, transposed } from '../../graph/weight.ts';
import { applied, splitGates } from './cell.ts';
import type { Lower, Lowering } from './lowering.ts';
import { writeScan } from './scan.ts';

/** Convolutions want channels first: gates, states and results are turned at the door. */
export const lowerConvRecurrent: Lower<ConvRecurrentOp> = ({ recurrence, result }, inputs, lowering) => {
  const { op: emit, inputs: values } = lowering;
  const { recurrentKernel: kernel, statesGiven, masked } = recurrence;
  const axes = kernel.shape.length - 2;
  const spatial = Array.from({ length: axes }, (_, axis) => axis);
  const sizes = (values[0]?.shape ?? []).slice(1, -1);
  const names = lowering.shared(recurrence, () => {
    const [sequence = '', ...others] = inputs;
    const order = [0, 1, axes + 2, ...spatial.map((axis) => axis + 2)];
    const first = (state: string): string =>
      emit('Transpose', [state], { perm: { ints: [0, axes + 1, ...spatial.map((axis) => axis + 1)] } });
    return writeScan(
      {
        ...recurrence,
        gates: emit('Transpose', [sequence], { perm: { ints: order } }),
        states: statesGiven ? others.slice(0, 2).map(first) : undefined,
        stateCount: 2,
        stateShape: [at(kernel.shape, axes), ...sizes],
        mask: masked ? others.at(-1) : undefined,
        step: (gates, before) => step(gates, before),
      },
      lowering,
    );
  });
  const name = names[result === 'sequence' ? 0 : result === 'last' ? 1 : 2 + result.state] ?? '';
  const lead = result === 'sequence' ? [0, 1] : [0];
  const back = [...lead, ...spatial.map((axis) => axis + lead.length + 1), lead.length];
  return emit('Transpose', [name], { perm: { ints: back } });

  function step(gates: string, [hidden = '', memory = '']: readonly string[]): string[] {
    const act = (activation: CellActivation, value: string): string => applied(activation, value, lowering);
    const sum = emit('Add', [gates, convolved(hidden, lowering)]);
    const [input = '', forget = '', candidate = '', output = ''] = splitGates(sum, 4, 1, lowering);
    const gate = (value: string): string => act(recurrence.recurrentActivation, value);
    const kept = emit('Mul', [gate(forget), memory]);
    const newMemory = emit('Add', [kept, emit('Mul', [gate(input), act(recurrence.activation, candidate)])]);
    return [emit('Mul', [gate(output), act(recurrence.activation, newMemory)]), newMemory];
  }

  function convolved(hidden: string, { weight }: Lowering): string {
    const size = kernel.shape.slice(0, axes);
    const form = weight(kernel, 'conv', () => ({
      shape: [at(kernel.shape, axes + 1), at(kernel.shape, axes), ...size],
      data: transposed(kernel.data, kernel.shape, [axes + 1, axes, ...spatial]),
    }));
    const begin = size.map((length) => Math.floor((length - 1) / 2));
    const end = size.map((length) => Math.ceil((length - 1) / 2));
    return emit('Conv', [hidden, form], { kernel_shape: { ints: size }, pads: { ints: [...begin, ...end] } });
  }
};
