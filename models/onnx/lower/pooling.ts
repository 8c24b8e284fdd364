import {
  type AdaptivePoolOp,
  adaptiveWindows,
  type GlobalPoolOp,
  type PoolOp,
} from '../../graph/ops/pooling.ts';
import { at, elementCount } from '../../graph/weight.ts';
import { constantMatrix, multiplyAxis, type Staged } from './along-axis.ts';
import { padsAttribute } from './convolution.ts';
import type { Lower, Lowering } from './lowering.ts';
import { requireChannelsFirst } from './require-channels-first.ts';

export const lowerPool: Lower<PoolOp> = (op, inputs, { op: emit, layer }) => {
  requireChannelsFirst(op.layout, layer);
  const window = {
    kernel_shape: { ints: op.size },
    strides: { ints: op.strides },
    pads: padsAttribute(op.pads),
  };
  return op.mode === 'max'
    ? emit('MaxPool', inputs, window)
    : emit('AveragePool', inputs, { ...window, count_include_pad: { int: 0 } });
};

export const lowerGlobalPool: Lower<GlobalPoolOp> = (op, inputs, { op: emit, layer }) => {
  requireChannelsFirst(op.layout, layer);
  return emit(op.mode === 'max' ? 'GlobalMaxPool' : 'GlobalAveragePool', inputs);
};

/** Windows differ in size and overlap, but one axis does not know of the others: each is pooled by itself. */
export const lowerAdaptivePool: Lower<AdaptivePoolOp> = (op, inputs, lowering) => {
  requireChannelsFirst(op.layout, lowering.layer);
  let value: Staged = { name: inputs[0] ?? '', shape: lowering.inputs[0]?.shape ?? [] };
  op.size.forEach((count, i) => {
    const axis = i + 1;
    const length = at(value.shape, axis);
    if (length === count) return;
    const windows = adaptiveWindows(length, count);
    value =
      op.mode === 'max' ? largest(value, axis, windows, lowering) : averaged(value, axis, windows, lowering);
  });
  return value.name;
};

type Windows = readonly (readonly [begin: number, end: number])[];

function averaged(value: Staged, axis: number, windows: Windows, lowering: Lowering): Staged {
  const matrix = constantMatrix(
    `${lowering.layer.name}/windows`,
    windows.length,
    at(value.shape, axis),
    (row) => {
      const [begin, end] = windows[row] ?? [0, 0];
      return new Map(Array.from({ length: end - begin }, (_, i) => [begin + i, 1 / (end - begin)]));
    },
  );
  return multiplyAxis(value, axis, matrix, lowering);
}

/** Gathers every window, the shorter ones with their last position again, and takes the largest of each. */
function largest({ name, shape }: Staged, axis: number, windows: Windows, lowering: Lowering): Staged {
  const { op: emit, writer } = lowering;
  const width = Math.max(...windows.map(([begin, end]) => end - begin));
  const indices = windows.flatMap(([begin, end]) =>
    Array.from({ length: width }, (_, i) => Math.min(begin + i, end - 1)),
  );
  const gathered = emit('Gather', [name, writer.integers(indices)], { axis: { int: axis + 1 } });
  const [before, after] = [shape.slice(0, axis), shape.slice(axis + 1)];
  const rows = [elementCount(before) * windows.length, width, elementCount(after)];
  const pooled = emit('MaxPool', [emit('Reshape', [gathered, writer.integers([0, ...rows])])], {
    kernel_shape: { ints: [width, 1] },
    strides: { ints: [width, 1] },
  });
  const result = [...before, windows.length, ...after];
  return { name: emit('Reshape', [pooled, writer.integers([0, ...result])]), shape: result };
}
