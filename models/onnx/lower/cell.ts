/** One step of a recurrent cell, as Keras computes it. */
import { type Cell, type CellActivation, type GruCell, unitsOf } from '../../graph/ops/recurrent.ts';
import { at, type Weight } from '../../graph/weight.ts';
import { lowerActivation } from './activation.ts';
import type { Lowering } from './lowering.ts';

export const lowerCell = { inputs, step };

/** What the sequence adds to the gates: one product for all steps, with the bias. */
function inputs(cell: Cell, sequence: string, { op: emit, weight }: Lowering): string {
  const product = emit('MatMul', [sequence, weight(cell.kernel, 'matrix')]);
  if (cell.bias === undefined) return product;
  return emit('Add', [product, weight(cell.bias, 'of inputs', () => row(cell, cell.bias, 0))]);
}

/**
 * @param gates what `inputs` gives, at this step
 * @returns the new states; the first is what the cell puts out
 */
function step(
  cell: Cell,
  gates: string,
  [hidden = '', memory = '']: readonly string[],
  lowering: Lowering,
): string[] {
  const { op: emit, weight } = lowering;
  const apply = (activation: CellActivation, value: string): string => applied(activation, value, lowering);
  switch (cell.kind) {
    case 'simple': {
      const product = emit('MatMul', [hidden, weight(cell.recurrentKernel, 'matrix')]);
      return [apply(cell.activation, emit('Add', [gates, product]))];
    }
    case 'lstm': {
      const product = emit('MatMul', [hidden, weight(cell.recurrentKernel, 'matrix')]);
      const [input, forget, candidate, output] = split(emit('Add', [gates, product]), 4, lowering);
      const remembered = emit('Mul', [apply(cell.recurrentActivation, forget ?? ''), memory]);
      const added = emit('Mul', [
        apply(cell.recurrentActivation, input ?? ''),
        apply(cell.activation, candidate ?? ''),
      ]);
      const newMemory = emit('Add', [remembered, added]);
      const shown = apply(cell.activation, newMemory);
      return [emit('Mul', [apply(cell.recurrentActivation, output ?? ''), shown]), newMemory];
    }
    case 'gru':
      return [gruStep(cell, gates, hidden, lowering)];
  }
}

function gruStep(cell: GruCell, gates: string, hidden: string, lowering: Lowering): string {
  const { op: emit, weight, writer } = lowering;
  const apply = (activation: CellActivation, value: string): string => applied(activation, value, lowering);
  const [updateIn = '', resetIn = '', candidateIn = ''] = split(gates, 3, lowering);
  const { recurrentKernel, bias } = cell;
  if (cell.resetAfter) {
    let product = emit('MatMul', [hidden, weight(recurrentKernel, 'matrix')]);
    if (bias !== undefined)
      product = emit('Add', [product, weight(bias, 'of states', () => row(cell, bias, 1))]);
    const [updateState = '', resetState = '', candidateState = ''] = split(product, 3, lowering);
    const update = apply(cell.recurrentActivation, emit('Add', [updateIn, updateState]));
    const reset = apply(cell.recurrentActivation, emit('Add', [resetIn, resetState]));
    return mixed(update, emit('Add', [candidateIn, emit('Mul', [reset, candidateState])]));
  }
  const units = unitsOf(cell);
  const columns = (from: number, to: number): string =>
    weight(recurrentKernel, `columns ${from} to ${to}`, () => columnsOf(recurrentKernel, from, to));
  const product = emit('MatMul', [hidden, columns(0, 2 * units)]);
  const [updateState = '', resetState = ''] = split(product, 2, lowering);
  const update = apply(cell.recurrentActivation, emit('Add', [updateIn, updateState]));
  const reset = apply(cell.recurrentActivation, emit('Add', [resetIn, resetState]));
  const candidateState = emit('MatMul', [emit('Mul', [reset, hidden]), columns(2 * units, 3 * units)]);
  return mixed(update, emit('Add', [candidateIn, candidateState]));

  function mixed(update: string, candidate: string): string {
    const kept = emit('Mul', [update, hidden]);
    const rest = emit('Sub', [writer.scalar(1), update]);
    return emit('Add', [kept, emit('Mul', [rest, apply(cell.activation, candidate)])]);
  }
}

export function applied(activation: CellActivation, value: string, lowering: Lowering): string {
  switch (activation.kind) {
    case 'linear':
      return value;
    case 'function':
      return lowerActivation({ kind: 'activation', fn: activation.fn }, [value], lowering);
    case 'softmax':
      return lowering.op(activation.log ? 'LogSoftmax' : 'Softmax', [value], { axis: { int: -1 } });
  }
}

function split(value: string, count: number, lowering: Lowering): string[] {
  return splitGates(value, count, -1, lowering);
}

/** Equal parts along an axis. */
export function splitGates(
  value: string,
  count: number,
  axis: number,
  { writer, layer }: Lowering,
): string[] {
  const parts = Array.from({ length: count }, (_, i) => writer.name(`${layer.name}/gate ${i}`));
  writer.node('Split', [value], parts, { axis: { int: axis }, num_outputs: { int: count } });
  return parts;
}

/** The bias of the inputs (row 0) or of the states (row 1). */
function row(cell: Cell, bias: Weight | undefined, index: number): { shape: number[]; data: Float32Array } {
  const length = at(cell.recurrentKernel.shape, 1);
  const data = bias?.data ?? new Float32Array(length);
  return { shape: [length], data: data.slice(index * length, (index + 1) * length) };
}

function columnsOf(kernel: Weight, from: number, to: number): { shape: number[]; data: Float32Array } {
  const [rows, width] = [at(kernel.shape, 0), at(kernel.shape, 1)];
  const data = new Float32Array(rows * (to - from));
  for (let r = 0; r < rows; r++) {
    data.set(kernel.data.subarray(r * width + from, r * width + to), r * (to - from));
  }
  return { shape: [rows, to - from], data };
}
