import type { PreluOp, SoftmaxOp } from '../../graph/ops/activation.ts';
import type { ConcatOp, MergeOp } from '../../graph/ops/merging.ts';
import type { AffineOp } from '../../graph/ops/normalization.ts';
import type { CastOp, GatherOp, ReshapeOp, TransposeOp } from '../../graph/ops/shaping.ts';
import { at, channelValue, transposed, type Weight } from '../../graph/weight.ts';
import { ONNX_TYPES } from '../graph-writer.ts';
import type { Lower } from './lowering.ts';

export const lowerAffine: Lower<AffineOp> = (op, inputs, { op: emit, weight, writer, inputs: values }) => {
  const rank = values[0]?.shape.length ?? 0;
  // Trailing axes of length 1 make a vector along `axis` of what ONNX broadcasts from the right.
  const along = (factors: Weight): string =>
    weight(factors, `axis ${op.axis} of ${rank}`, () => ({
      shape: [factors.data.length, ...new Array<number>(rank - 1 - op.axis).fill(1)],
      data: factors.data,
    }));
  // Over channels-first images ONNX Runtime has a BatchNormalization in its blocked layout, and an activation joins it.
  if (op.axis === 0 && rank >= 3 && isPerChannel(op)) {
    const channels = values[0]?.shape[0] ?? 0;
    const vector = (factors: Weight | undefined, absent: number): string =>
      factors === undefined || factors.data.length === 1
        ? writer.repeated(channelValue(factors, 0, absent), channels)
        : weight(factors, 'vector');
    const statistics = [writer.repeated(0, channels), writer.repeated(1, channels)];
    return emit('BatchNormalization', [...inputs, vector(op.scale, 1), vector(op.offset, 0), ...statistics], {
      epsilon: { float: 0 },
    });
  }
  let [value = ''] = inputs;
  if (op.scale !== undefined) value = emit('Mul', [value, along(op.scale)]);
  if (op.offset !== undefined) value = emit('Add', [value, along(op.offset)]);
  return op.scale === undefined && op.offset === undefined ? emit('Identity', [value]) : value;
};

function isPerChannel({ scale, offset }: AffineOp): boolean {
  return [scale, offset].some((weight) => weight?.data.some((value) => value !== weight.data[0]));
}

export const lowerSoftmax: Lower<SoftmaxOp> = (op, inputs, { op: emit }) =>
  emit(op.log ? 'LogSoftmax' : 'Softmax', inputs, { axis: { int: op.axis + 1 } });

export const lowerPrelu: Lower<PreluOp> = (op, inputs, { op: emit, weight }) => {
  const { alpha, order } = op;
  const axes = order.filter((axis) => axis >= 0);
  const slope = weight(alpha, `prelu ${order.join()}`, () => ({
    shape: order.map((axis) => (axis < 0 ? 1 : at(alpha.shape, axis))),
    data: transposed(alpha.data, alpha.shape, axes),
  }));
  return emit('PRelu', [...inputs, slope]);
};

export const lowerMerge: Lower<MergeOp> = (op, inputs, { op: emit, writer }) => {
  const [first = '', ...others] = inputs;
  const pairwise = (type: string): string => others.reduce((sum, other) => emit(type, [sum, other]), first);
  switch (op.mode) {
    case 'add':
      return pairwise('Add');
    case 'subtract':
      return pairwise('Sub');
    case 'multiply':
      return pairwise('Mul');
    case 'average':
      return emit('Div', [pairwise('Add'), writer.scalar(inputs.length)]);
    case 'maximum':
      return pairwise('Max');
    case 'minimum':
      return pairwise('Min');
  }
};

export const lowerConcat: Lower<ConcatOp> = (op, inputs, { op: emit }) =>
  emit('Concat', inputs, { axis: { int: op.axis + 1 } });

export const lowerCast: Lower<CastOp> = (op, inputs, { op: emit }) =>
  emit('Cast', inputs, { to: { int: ONNX_TYPES[op.to ?? 'float32'] } });

/** Size 0 in ONNX' Reshape means "as in the input": the batch stays free. */
export const lowerReshape: Lower<ReshapeOp> = (op, inputs, { op: emit, writer }) =>
  emit('Reshape', [...inputs, writer.integers([0, ...op.shape])]);

export const lowerTranspose: Lower<TransposeOp> = (op, inputs, { op: emit }) =>
  emit('Transpose', inputs, { perm: { ints: [0, ...op.order.map((axis) => axis + 1)] } });

export const lowerGather: Lower<GatherOp> = (op, inputs, { op: emit, writer }) =>
  emit('Gather', [...inputs, writer.integers(op.indices)], { axis: { int: op.axis + 1 } });
