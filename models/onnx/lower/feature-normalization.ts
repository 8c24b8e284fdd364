import type { GroupNormalizationOp, LayerNormalizationOp } from '../../graph/ops/feature-normalization.ts';
import { at, elementCount, transposed, type Weight } from '../../graph/weight.ts';
import type { Lower, Lowering } from './lowering.ts';

export const lowerLayerNormalization: Lower<LayerNormalizationOp> = (op, inputs, lowering) => {
  const { op: emit, writer, inputs: values, weight } = lowering;
  const [x = ''] = inputs;
  const shape = values[0]?.shape ?? [];
  const ascending = op.axes.toSorted((a, b) => a - b);
  /** Gamma or beta with its axes in the input's order, under a shape. */
  const ordered = (factors: Weight, target: readonly number[]): string => {
    const order = ascending.map((axis) => op.axes.indexOf(axis));
    const lengths = op.axes.map((axis) => at(shape, axis));
    return weight(factors, `along ${op.axes.join()} as ${target.join()}`, () => ({
      shape: target,
      data: transposed(factors.data, lengths, order),
    }));
  };
  const along = (factors: Weight): string =>
    ordered(
      factors,
      shape.map((size, axis) => (op.axes.includes(axis) ? size : 1)),
    );
  const first = shape.length - ascending.length;
  const trailing = ascending.every((axis, i) => axis === first + i);
  if (op.mode === 'full' && trailing) {
    const lengths = shape.slice(first);
    const scale = op.gamma === undefined ? ones(lengths, lowering) : ordered(op.gamma, lengths);
    const operands = op.beta === undefined ? [x, scale] : [x, scale, ordered(op.beta, lengths)];
    return emit('LayerNormalization', operands, {
      axis: { int: first + 1 },
      epsilon: { float: op.epsilon },
    });
  }
  const axes = writer.integers(ascending.map((axis) => axis + 1));
  const mean = (value: string): string => emit('ReduceMean', [value, axes], { keepdims: { int: 1 } });
  const centred = op.mode === 'rms' ? x : emit('Sub', [x, mean(x)]);
  const variance = mean(emit('Mul', [centred, centred]));
  const deviation = emit('Sqrt', [emit('Add', [variance, writer.scalar(op.epsilon)])]);
  let value = emit('Div', [op.mode === 'full' ? centred : x, deviation]);
  if (op.gamma !== undefined) value = emit('Mul', [value, along(op.gamma)]);
  if (op.beta !== undefined) value = emit('Add', [value, along(op.beta)]);
  return value;
};

/** Groups become an axis of their own, behind everything that stands before the features. */
export const lowerGroupNormalization: Lower<GroupNormalizationOp> = (op, inputs, lowering) => {
  const { op: emit, writer, inputs: values, weight } = lowering;
  const shape = values[0]?.shape ?? [];
  const features = at(shape, op.axis);
  const before = elementCount(shape.slice(0, op.axis));
  const after = elementCount(shape.slice(op.axis + 1));
  const inside = (features / op.groups) * after;
  const grouped = emit('Reshape', [...inputs, writer.integers([0, before, op.groups, inside])]);
  const axes = writer.integers([1, 3]);
  const mean = (value: string): string => emit('ReduceMean', [value, axes], { keepdims: { int: 1 } });
  const centred = emit('Sub', [grouped, mean(grouped)]);
  const variance = mean(emit('Mul', [centred, centred]));
  const deviation = emit('Sqrt', [emit('Add', [variance, writer.scalar(op.epsilon)])]);
  const normal = emit('Div', [centred, deviation]);
  let value = emit('Reshape', [normal, writer.integers([0, ...shape])]);
  const along = (factors: Weight): string =>
    weight(factors, `axis ${op.axis} of ${shape.length}`, () => ({
      shape: [features, ...new Array<number>(shape.length - 1 - op.axis).fill(1)],
      data: factors.data,
    }));
  if (op.gamma !== undefined) value = emit('Mul', [value, along(op.gamma)]);
  if (op.beta !== undefined) value = emit('Add', [value, along(op.beta)]);
  return value;
};

function ones(shape: readonly number[], { writer }: Lowering): string {
  return writer.floats('ones', shape, new Float32Array(elementCount(shape)).fill(1));
}
