import type { CumulativeSumOp, ReduceOp, TopKOp } from '../../graph/ops/reducing.ts';
import type { SliceOp } from '../../graph/ops/slicing.ts';
import { ONNX_TYPES } from '../graph-writer.ts';
import type { Lower } from './lowering.ts';

const REDUCTIONS: Readonly<Record<Exclude<ReduceOp['fn'], 'argMax' | 'argMin'>, string>> = {
  logSumExp: 'ReduceLogSumExp',
  max: 'ReduceMax',
  mean: 'ReduceMean',
  min: 'ReduceMin',
  product: 'ReduceProd',
  sum: 'ReduceSum',
};

export const lowerReduce: Lower<ReduceOp> = (op, inputs, { op: emit, writer }) => {
  const axes = op.axes.map((axis) => axis + 1).toSorted((a, b) => a - b);
  if (op.fn === 'argMax' || op.fn === 'argMin') {
    const type = op.fn === 'argMax' ? 'ArgMax' : 'ArgMin';
    const position = emit(type, inputs, { axis: { int: axes[0] ?? 1 }, keepdims: { int: 1 } });
    return emit('Cast', [position], { to: { int: ONNX_TYPES.int32 } });
  }
  return emit(REDUCTIONS[op.fn], [...inputs, writer.integers(axes)], { keepdims: { int: 1 } });
};

export const lowerCumulativeSum: Lower<CumulativeSumOp> = (op, inputs, { op: emit, writer }) => {
  // CumSum wants its axis without axes of its own.
  const axis = emit('Squeeze', [writer.integers([op.axis + 1])]);
  return emit('CumSum', [...inputs, axis]);
};

export const lowerTopK: Lower<TopKOp> = (op, inputs, { op: emit, writer, layer }) => {
  const values = writer.name(`${layer.name}/values`);
  const positions = writer.name(`${layer.name}/positions`);
  writer.node('TopK', [...inputs, writer.integers([op.count])], [values, positions], {
    axis: { int: op.axis + 1 },
    largest: { int: op.largest ? 1 : 0 },
    sorted: { int: 1 },
  });
  return op.result === 'values' ? values : emit('Cast', [positions], { to: { int: ONNX_TYPES.int32 } });
};

/** An end before the first position; a small negative number would count from the end. */
const BEFORE_START = -(2 ** 31);

export const lowerSlice: Lower<SliceOp> = (op, inputs, { op: emit, writer }) => {
  const end = ({ start, count, step }: SliceOp['ranges'][number]): number => {
    const after = start + count * step;
    return after < 0 ? BEFORE_START : after;
  };
  return emit('Slice', [
    ...inputs,
    writer.integers(op.ranges.map(({ start }) => start)),
    writer.integers(op.ranges.map(end)),
    writer.integers(op.ranges.map(({ axis }) => axis + 1)),
    writer.integers(op.ranges.map(({ step }) => step)),
  ]);
};
