/**
 * Sequences of which some steps are masked, for operators that only know lengths: the valid steps move to the front,
 * in order, and what comes out goes back to where it belongs. A cell that skips a step and a cell that never sees it
 * are the same.
 */
import type { Lowering } from './lowering.ts';

export interface ValidSteps {
  /** [batch, steps, features], the valid steps of each row first. */
  readonly sequence: string;
  /** How many are valid, at least one: operators take no empty sequences. [batch], int32 */
  readonly lengths: string;
  /** For each step, how many valid ones stand before it. [batch, steps], int64 */
  readonly before: string;
  /** Whether anything is valid. [batch, 1] */
  readonly any: string;
}

/** @param mask [batch, steps] */
export function gatherValid(sequence: string, mask: string, steps: number, lowering: Lowering): ValidSteps {
  const { op: emit, writer } = lowering;
  const ranks = (name: string, rank: (step: number) => number): string =>
    writer.floats(
      name,
      [steps],
      Float32Array.from({ length: steps }, (_, step) => rank(step)),
    );
  // Largest first: valid steps in order, then the others, which nothing looks at.
  const keys = emit('Where', [
    mask,
    ranks('valid first', (step) => steps - step),
    ranks('then others', (step) => -step),
  ]);
  const [values, order] = [writer.name('sorted'), writer.name('order')];
  writer.node('TopK', [keys, writer.integers([steps])], [values, order], { axis: { int: 1 } });
  const counts = emit('Cast', [mask], { to: { int: INT64 } });
  const axis = emit('Squeeze', [writer.integers([1])]);
  const before = emit('CumSum', [counts, axis], { exclusive: { int: 1 } });
  const total = emit('ReduceSum', [counts, writer.integers([1])], { keepdims: { int: 1 } });
  const atLeastOne = emit('Max', [total, writer.integers([1])]);
  return {
    sequence: emit('GatherND', [sequence, emit('Unsqueeze', [order, writer.integers([2])])], {
      batch_dims: { int: 1 },
    }),
    lengths: emit('Cast', [emit('Squeeze', [atLeastOne, writer.integers([1])])], { to: { int: INT32 } }),
    before,
    any: emit('Greater', [total, writer.integers([0])]),
  };
}

/**
 * What came out at each step: what the last valid step up to it gave, zeros where there is none.
 *
 * @param outputs [batch, steps, units], of the valid steps in front
 * @param backwards whether "up to it" means from the end
 * @param zeroMasked whether masked steps are zeros
 */
export function spreadValid(
  outputs: string,
  { before, lengths, any }: Omit<ValidSteps, 'sequence'>,
  mask: string,
  { backwards, zeroMasked }: { backwards: boolean; zeroMasked: boolean },
  { op: emit, writer }: Lowering,
): string {
  const counts = emit('Cast', [mask], { to: { int: INT64 } });
  const one = writer.integers([1]);
  // Forwards, the valid step at this place or the last before it; backwards, at this place or the next after it.
  const position = backwards ? before : emit('Sub', [emit('Add', [before, counts]), one]);
  const zero = writer.integers([0]);
  const limit = emit('Unsqueeze', [emit('Cast', [lengths], { to: { int: INT64 } }), one]);
  const inside = emit('And', [
    emit('GreaterOrEqual', [position, zero]),
    emit('And', [emit('Less', [position, limit]), any]),
  ]);
  const exists = zeroMasked ? mask : inside;
  const places = emit('Where', [inside, position, zero]);
  const two = writer.integers([2]);
  const spread = emit('GatherND', [outputs, emit('Unsqueeze', [places, two])], { batch_dims: { int: 1 } });
  return emit('Where', [emit('Unsqueeze', [exists, two]), spread, writer.scalar(0)]);
}

/** TensorProto.DataType */
const INT32 = 6;
const INT64 = 7;
