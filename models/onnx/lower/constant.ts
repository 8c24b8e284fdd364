import type { ChooseOp } from '../../graph/ops/choosing.ts';
import type { ConstantOp } from '../../graph/ops/constant.ts';
import { ONNX_TYPES } from '../graph-writer.ts';
import type { Lower } from './lowering.ts';

export const lowerConstant: Lower<ConstantOp> = (op, inputs, { op: emit, writer, weight }) => {
  const { shape } = op.value;
  const one = weight(op.value, 'one row', () => ({ shape: [1, ...shape], data: op.value.data }));
  const rows = emit('Shape', inputs, { start: { int: 0 }, end: { int: 1 } });
  const target =
    shape.length === 0 ? rows : emit('Concat', [rows, writer.integers(shape)], { axis: { int: 0 } });
  const spread = emit('Expand', [one, target]);
  return op.type === 'float32' ? spread : emit('Cast', [spread], { to: { int: ONNX_TYPES[op.type] } });
};

export const lowerChoose: Lower<ChooseOp> = (op, inputs, { op: emit }) =>
  emit('GatherElements', inputs, { axis: { int: op.axis + 1 } });
