/**
 * Recurrent cells: as ONNX' own LSTM, GRU and RNN where these compute the same, else step by step in a Scan. ONNX Runtime
 * wants sequences with the steps first in the former, in any order in the latter.
 */
import { type Recurrence, type RecurrentOp, stateCount, unitsOf } from '../../graph/ops/recurrent.ts';
import { at } from '../../graph/weight.ts';
import { lowerCell } from './cell.ts';
import type { Lower, Lowering } from './lowering.ts';
import { gatherValid, spreadValid } from './masked-steps.ts';
import { nativeForm, writeNative } from './native-recurrent.ts';
import { writeScan } from './scan.ts';

/** Names of what a recurrence gives: the sequence, the last output, then the states. */
type Results = readonly string[];

export const lowerRecurrent: Lower<RecurrentOp> = (op, inputs, lowering) => {
  const { recurrence, result } = op;
  const { masked, statesGiven, backwards, zeroMasked, cell } = recurrence;
  const { op: emit, writer } = lowering;
  const form = nativeForm(recurrence);
  if (form === undefined) {
    const names = lowering.shared(recurrence, () => scanned(recurrence, inputs, lowering));
    return names[result === 'sequence' ? 0 : result === 'last' ? 1 : 2 + result.state] ?? '';
  }
  const [sequence = '', ...others] = inputs;
  const states = statesGiven ? others.slice(0, stateCount(cell)) : [];
  const mask = masked ? (others.at(-1) ?? '') : undefined;
  const steps = at(lowering.inputs[0]?.shape ?? [], 0);
  // What ONNX Runtime gives is shared; what makes Keras' form of it is written where it is needed.
  const [before = '', any = '', lengths = '', ...results] = lowering.shared(recurrence, () => {
    if (mask === undefined)
      return ['', '', '', ...writeNative(recurrence, form, sequence, states, undefined, lowering)];
    const valid = gatherValid(sequence, mask, steps, lowering);
    const made = writeNative(recurrence, form, valid.sequence, states, valid.lengths, lowering);
    return [valid.before, valid.any, valid.lengths, ...made];
  });
  if (result === 'sequence') {
    const plain = emit('Squeeze', [results[0] ?? '', writer.integers([1])]);
    const outputs = emit('Transpose', [plain], { perm: { ints: [1, 0, 2] } });
    if (mask === undefined) return outputs;
    return spreadValid(outputs, { before, any, lengths }, mask, { backwards, zeroMasked }, lowering);
  }
  const index = result === 'last' ? 0 : result.state;
  const end = emit('Squeeze', [results[1 + index] ?? '', writer.integers([0])]);
  if (mask === undefined) return end;
  if (result !== 'last') return emit('Where', [any, end, states[index] ?? writer.scalar(0)]);
  if (!zeroMasked) return emit('Where', [any, end, writer.scalar(0)]);
  const final = writer.integers([backwards ? 0 : steps - 1]);
  return emit('Where', [emit('Gather', [mask, final], { axis: { int: 1 } }), end, writer.scalar(0)]);
};

/** The cell in the body of a Scan: any activation, and steps that a mask leaves out. */
function scanned(recurrence: Recurrence, inputs: readonly string[], lowering: Lowering): Results {
  const { cell, statesGiven, masked } = recurrence;
  const [sequence = '', ...others] = inputs;
  const count = stateCount(cell);
  return writeScan(
    {
      ...recurrence,
      gates: lowerCell.inputs(cell, sequence, lowering),
      states: statesGiven ? others.slice(0, count) : undefined,
      stateCount: count,
      stateShape: [unitsOf(cell)],
      mask: masked ? others.at(-1) : undefined,
      step: (gates, before) => lowerCell.step(cell, gates, before, lowering),
    },
    lowering,
  );
}
